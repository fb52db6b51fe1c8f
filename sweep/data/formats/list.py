"""Lists of image files, as ``im2rec`` takes them: ``dataset=list dataset.train=A.lst``."""

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic.dataclasses import dataclass

from sweep.config.choices import DATASETS
from sweep.config.datasets import DatasetConfig
from sweep.config.fields import STRICT, Role, Text
from sweep.data.own.files import OwnFiles
from sweep.data.readers.file_states import FileState
from sweep.data.readers.parts import Files, Part, whole_labels
from sweep.errors import UserError
from sweep.files import as_meant

ALLOWED = "allowed is a line as im2rec writes it: index, label, path, with tabs between them"


@DATASETS.registers("list")
@dataclass(frozen=True, config=STRICT)
class List(OwnFiles):
    """Files with a line for each image: index, label and path, with tabs between them."""

    name: Annotated[Literal["list"], Role.RECORD]
    root: Annotated[Text | None, Role.MACHINE]

    def example(self) -> str:
        """Return how the file to train on is given."""
        return "dataset.train=train.lst"

    def files(self) -> Iterable[FileState]:
        """Return the state of the lists, and of the images in them."""
        states = list(super().files())
        for path in self.paths().values():
            root = self._root(path)
            states.append(FileState(str(root.resolve()), 0, 0))
            states += [_state(str(root), each) for each in read_list(path)[0]]
        return states

    def part(self, path: Path) -> Part:
        """Return what is in a list."""
        return list_part(path, self._root(path))

    def in_folder(self, root: str) -> DatasetConfig:
        """Return the same dataset, whose lists and images are in this folder."""
        moved: dict[str, Any] = {
            name: str(Path(root) / path.name) for name, path in self.paths().items()
        }
        return replace(self, root=root, **moved)

    def _root(self, path: Path) -> Path:
        return as_meant(self.root) if self.root else path.parent


def list_part(path: Path, root: Path) -> Part:
    """Return the images that a list names.

    Args:
        path: of the list.
        root: the folder that the paths in it begin at.

    Raises:
        UserError: naming the line in which something is wrong.
    """
    paths, labels = read_list(path)
    if not paths:
        raise UserError(f"{path}: no images; {ALLOWED}")
    checked = whole_labels(np.array(labels), lambda row: f"{path}, image {row + 1:,}")
    return Part(Files([root / each for each in paths]), checked)


def read_list(path: Path) -> tuple[list[str], list[float]]:
    """Return the paths in a list, as they stand there, and their labels.

    Raises:
        UserError: naming the line in which something is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read: {error}; {ALLOWED}") from error
    paths, labels = [], []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        place, columns = f"{path}, line {number:,}", line.rstrip("\r").split("\t")
        if len(columns) < 3:
            raise UserError(f"{place}: has {len(columns)} columns; {ALLOWED}")
        if len(columns) > 3:
            raise UserError(f"{place}: has {len(columns) - 2} labels; supported are lines with one")
        try:
            labels.append(float(columns[1]))
        except ValueError:
            raise UserError(f"{place}: label {columns[1]!r} is no number; {ALLOWED}") from None
        paths.append(columns[2])
    return paths, labels


def _state(root: str, path: str) -> FileState:
    """Return the state of an image; one that is not there has a size of -1: it cannot be read."""
    try:
        found = os.stat(os.path.join(root, path))
    except (OSError, ValueError):  # of a path with a character that none has
        return FileState(path, -1, 0)
    return FileState(path, found.st_size, found.st_mtime_ns)
