"""Pairs of IDX files, as MNIST, EMNIST and KMNIST have: ``dataset=idx dataset.root=FOLDER``."""

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic.dataclasses import dataclass

from sweep.config.choices import DATASETS
from sweep.config.datasets import DatasetConfig
from sweep.config.fields import STRICT, Before, Role, Switch, Text
from sweep.data.own.images import OwnImages
from sweep.data.readers.arrays import CHANNELS, array_part
from sweep.data.readers.file_states import FileState, is_folder, names_in, state_of
from sweep.data.readers.idx import read_idx
from sweep.data.readers.parts import Part, Source, numbered
from sweep.errors import UserError
from sweep.files import as_meant

# As train-images-idx3-ubyte, train-images.idx3-ubyte or emnist-letters-test-labels-idx1-ubyte.gz.
USUAL_NAME = re.compile(r"(?:.*-)?(train|val|test|t10k)-(images|labels)[-.]idx\d-ubyte(?:\.gz)?")
PARTS = {"train": "train", "val": "val", "test": "test", "t10k": "test"}  # by what names begin with
PAIRS = {part: (f"{part}_images", f"{part}_labels") for part in ("train", "val", "test")}
KEYS = tuple(key for pair in PAIRS.values() for key in pair)


@DATASETS.registers("idx")
@dataclass(frozen=True, config=STRICT)
class Idx(OwnImages):
    """Pairs of IDX files of unsigned bytes, plain or gzipped: to train on, and others if given."""

    name: Annotated[Literal["idx"], Role.RECORD]
    root: Annotated[Text | None, Role.MACHINE]
    train_images: Annotated[Text | None, Role.MACHINE]
    train_labels: Annotated[Text | None, Role.MACHINE]
    val_images: Annotated[Text | None, Role.MACHINE, Before(None)]
    val_labels: Annotated[Text | None, Role.MACHINE, Before(None)]
    test_images: Annotated[Text | None, Role.MACHINE]
    test_labels: Annotated[Text | None, Role.MACHINE]
    transpose: Annotated[Switch, Role.RECORD]

    def check(self) -> None:
        """Check that there are files to train on."""
        super().check()
        for images, labels in PAIRS.values():
            for one, other in ((images, labels), (labels, images)):
                if getattr(self, one) and not getattr(self, other):
                    raise UserError(
                        f"dataset.{other}=null: dataset.{one} is given; allowed are both or none"
                    )
        if not self.root and not self.train_images:
            raise UserError(
                "dataset.root=null: no images; allowed with dataset=idx is the folder of the "
                "files, or each of them, as in dataset.train_images=train-images-idx3-ubyte.gz"
            )

    def place(self) -> str:
        """Return the folder, or the files."""
        return self.root or ", ".join(str(path) for path in self.paths().values())

    def paths(self) -> dict[str, Path]:
        """Return the files, by their fields.

        Raises:
            UserError: they are not in the folder, or two have the same meaning.
        """
        given = {key: getattr(self, key) for key in KEYS}
        found = {key: as_meant(path) for key, path in given.items() if path}
        if not self.root:
            return found
        usual = usual_files(as_meant(self.root))
        paths = {key: found.get(key) or usual.get(key) for key in KEYS}
        missing = [
            key
            for part, pair in PAIRS.items()
            for key in pair
            if paths[key] is None and (part == "train" or any(paths[each] for each in pair))
        ]
        if missing:
            raise UserError(
                f"dataset.root={self.root}: has no file for {missing[0].replace('_', ' ')}; "
                "allowed are names as train-images-idx3-ubyte, train-images.idx3-ubyte or "
                f"emnist-letters-train-images-idx3-ubyte.gz, or dataset.{missing[0]}=FILE"
            )
        return {key: path for key, path in paths.items() if path}

    def files(self) -> Iterable[FileState]:
        """Return the state of the files."""
        return [state_of(path) for path in self.paths().values()]

    def source(self) -> Source:
        """Return what is in the files."""
        paths = self.paths()
        return numbered(
            {
                part: self._part(paths[images], paths[labels])
                for part, (images, labels) in PAIRS.items()
                if images in paths
            }
        )

    def _part(self, images: Path, labels: Path) -> Part:
        array = read_idx(images)
        if self.transpose and array.ndim >= 3:
            has_channels_last = array.ndim == 4 and array.shape[-1] in CHANNELS
            array = array.swapaxes(1, 2) if has_channels_last else array.swapaxes(-1, -2)
        return array_part(str(images), array, read_idx(labels), str(labels))

    def in_folder(self, root: str) -> DatasetConfig:
        """Return the same dataset, whose files are in this folder."""
        moved: dict[str, Any] = {
            key: str(Path(root) / Path(getattr(self, key)).name)
            for key in KEYS
            if getattr(self, key)
        }
        return replace(self, root=root if self.root else None, **moved)


def usual_files(folder: Path) -> dict[str, Path]:
    """Return the files of a folder that have usual names, by their fields.

    Raises:
        UserError: there is no such folder, or two files have the same meaning.
    """
    if not is_folder(folder):
        raise UserError(f"dataset.root={folder}: there is no such folder")
    found: dict[str, Path] = {}
    for name in names_in(folder):
        if not (match := USUAL_NAME.fullmatch(name)):
            continue
        key = f"{PARTS[match[1]]}_{match[2]}"
        if key in found:
            raise UserError(
                f"dataset.root={folder}: has {found[key].name} and {name}; allowed is one of "
                f"them, or dataset.{key}=FILE"
            )
        found[key] = folder / name
    return found
