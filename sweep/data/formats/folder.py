"""A folder of image files, in a folder for each class: ``dataset=folder dataset.root=photos``."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from PIL import Image
from pydantic.dataclasses import dataclass

from sweep.config.choices import DATASETS, DatasetConfig
from sweep.config.fields import STRICT, Role, Text
from sweep.data.own.images import OwnImages
from sweep.data.readers.file_states import FileState, is_folder, walk_files
from sweep.data.readers.parts import Files, Part, Source, class_order
from sweep.errors import UserError

PARTS = ("train", "val", "test")
ALLOWED = (
    "allowed is a folder with train/CLASS/… and test/CLASS/…, or with CLASS/… alone, whose files "
    "are images"
)


@DATASETS.registers("folder")
@dataclass(frozen=True, config=STRICT)
class Folder(OwnImages):
    """``ROOT/train/CLASS/*`` and ``ROOT/test/CLASS/*``, or ``ROOT/CLASS/*``; deeper ones, too."""

    name: Annotated[Literal["folder"], Role.RECORD]
    root: Annotated[Text | None, Role.MACHINE]

    def check(self) -> None:
        """Check that there is a folder to look in."""
        super().check()
        if not self.root:
            raise UserError(
                "dataset.root=null: no images; allowed with dataset=folder is the folder that has "
                "them, as in dataset.root=photos"
            )

    def place(self) -> str:
        """Return the folder."""
        return str(self._folder())

    def files(self) -> Iterable[FileState]:
        """Return the state of all image files by their parts, and where the folder is."""
        states = [FileState(str(self._folder().resolve()), 0, 0)]
        for name, folder in part_folders(self._folder()).items():
            states += [FileState(f"{name}/", 0, 0), *walk_files(folder)]
        return states

    def source(self) -> Source:
        """Return the files by their parts and classes."""
        return read_folder(self._folder())

    def in_folder(self, root: str) -> DatasetConfig:
        """Return the same dataset, whose files are in this folder."""
        return replace(self, root=root)

    def _folder(self) -> Path:
        return Path(self.root or "").expanduser()


def part_folders(root: Path) -> dict[str, Path]:
    """Return the folder of each part; of ``train`` alone, the folder itself.

    Raises:
        UserError: there is no such folder, or it has those of other parts and none to train on.
    """
    if not is_folder(root):
        what = "is no folder" if root.exists() else "there is no such folder"
        raise UserError(f"dataset.root={root}: {what}; {ALLOWED}")
    found = {name: root / name for name in PARTS if is_folder(root / name)}
    if found and "train" not in found:
        raise UserError(f"dataset.root={root}: has {' and '.join(found)}, and no train; {ALLOWED}")
    return found or {"train": root}


def read_folder(root: Path) -> Source:
    """Return the files of a folder by their parts and classes.

    A class's name is that of its folder. Files are in the order of their classes, and in a class
    in that of their paths, by code points.

    Raises:
        UserError: there are none, a file is in no class, or a class is only to test on.
    """
    folders = part_folders(root)
    paths = {name: _by_class(folder) for name, folder in folders.items()}
    classes = class_order(list(paths["train"]))
    for name, by_class in paths.items():
        if not by_class:
            raise UserError(f"{folders[name]}: no images; {ALLOWED}")
    for name, by_class in paths.items():
        for each in class_order([*by_class.keys() - set(classes)])[:1]:
            raise UserError(
                f"{folders[name] / each}: {folders['train']} has no such class; allowed is a "
                "folder for each class of those"
            )
    parts = {}
    for name, by_class in paths.items():
        files = [path for each in classes for path in by_class.get(each, ())]
        labels = np.repeat(np.arange(len(classes)), [len(by_class.get(c, ())) for c in classes])
        parts[name] = Part(Files(files), labels.astype(np.int32))
    return Source(parts, tuple(classes))


def _by_class(folder: Path) -> dict[str, list[Path]]:
    """Return the files of each class; a folder without a file is none."""
    found: dict[str, list[Path]] = {}
    for file in walk_files(folder):
        name, slash, _ = file.path.partition("/")
        if slash:
            found.setdefault(name, []).append(folder / file.path)
        elif Path(name).suffix.lower() in Image.registered_extensions():
            raise UserError(f"{folder / name}: is in no class's folder; {ALLOWED}")
    return found
