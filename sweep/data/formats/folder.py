"""A folder of image files, in a folder for each class: ``dataset=folder dataset.root=photos``."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from PIL import Image
from pydantic.dataclasses import dataclass

from sweep.config.choices import DATASETS
from sweep.config.datasets import DatasetConfig
from sweep.config.fields import STRICT, Role, Text
from sweep.data.own.images import OwnImages
from sweep.data.readers.file_states import FileState, is_folder, names_in, walk_files
from sweep.data.readers.parts import Files, Part, Source, class_order
from sweep.errors import UserError
from sweep.files import as_meant

PARTS = ("train", "val", "test")
ALIKE = (*PARTS, "training", "valid", "validation", "testing")  # in small letters
SHOWN = 5  # folders in a message
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
        return as_meant(self.root or "")


def part_folders(root: Path) -> dict[str, Path]:
    """Return the folder of each part; of ``train`` alone, the folder itself.

    Raises:
        UserError: there is no such folder, it has those of other parts and none to train on, or
            others beside them that look as if they were meant to be read, too.
    """
    if not is_folder(root):
        what = "is no folder" if root.exists() else "there is no such folder"
        raise UserError(f"dataset.root={root}: {what}; {ALLOWED}")
    found = {name: root / name for name in PARTS if is_folder(root / name)}
    if found and "train" not in found:
        raise UserError(f"dataset.root={root}: has {' and '.join(found)}, and no train; {ALLOWED}")
    if found and (others := _overlooked(root, found)):
        shown = ", ".join(others[:SHOWN]) + ", …" * (len(others) > SHOWN)
        raise UserError(
            f"dataset.root={root}: beside {', '.join(found)} it has {shown}, which would not be "
            "read; allowed are train, val and test: rename others, or move them elsewhere"
        )
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
        elif _is_image(name):
            raise UserError(f"{folder / name}: is in no class's folder; {ALLOWED}")
    return found


def _overlooked(root: Path, parts: Mapping[str, Path]) -> list[str]:
    """Return the folders beside the parts that are named like one, or have images of a class.

    Any others are left alone: what a sweep writes lies beside the parts, too, if they are in the
    folder of the command.
    """
    classes = [name for name in names_in(parts["train"]) if not name.startswith(".")]
    found = []
    for name in names_in(root):
        folder = root / name
        # In small letters, since some file systems make no difference.
        if name.startswith(".") or name.lower() in parts or not os.path.isdir(folder):
            continue
        places = [folder / each for each in classes] + [folder] * (name in classes)
        if name.lower() in ALIKE or any(map(_has_images, places)):
            found.append(name)
    return found


def _has_images(folder: Path) -> bool:
    return os.path.isdir(folder) and any(map(_is_image, names_in(folder)))


def _is_image(name: str) -> bool:
    return Path(name).suffix.lower() in Image.registered_extensions()
