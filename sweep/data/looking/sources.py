"""What is at a path: images, in whatever format they are."""

import re
from collections.abc import Callable
from pathlib import Path

from sweep.data.formats.arrays import read_arrays
from sweep.data.formats.csv import csv_part
from sweep.data.formats.folder import read_folder
from sweep.data.formats.idx import PAIRS, usual_files
from sweep.data.formats.list import list_part
from sweep.data.formats.recordio import read_rec
from sweep.data.readers.arrays import array_part
from sweep.data.readers.file_states import is_file, is_folder
from sweep.data.readers.idx import read_idx
from sweep.data.readers.parts import Source, numbered
from sweep.errors import UserError

LABEL = "label"  # as in conf/dataset/csv.yaml
READERS: dict[str, Callable[[Path, str], Source]] = {  # by the suffix of a file
    ".rec": lambda path, _: numbered({"train": read_rec(path)}),
    ".lst": lambda path, _: numbered({"train": list_part(path, path.parent)}),
    ".npz": lambda path, _: numbered(read_arrays(path)),
    ".csv": lambda path, label: numbered({"train": csv_part(path, label, None, given="--label ")}),
}
NPY_PAIR = re.compile(r"\[?(.+\.npy), ?(.+\.npy)\]?", re.IGNORECASE)


def read_source(path: Path, label: str = LABEL) -> Source:
    """Return the images at a path; none is decoded.

    Args:
        path: of a folder, or of a file whose suffix names its format; or of two ``.npy`` files,
            with a comma between them.
        label: the column of a table that has the labels: its name, or its position, from 0.

    Raises:
        UserError: nothing is there, it has no images, or something is wrong with it.
    """
    if is_folder(path):
        return _idx(found) if (found := usual_files(path)) else read_folder(path)
    if not is_file(path):
        if pair := NPY_PAIR.fullmatch(str(path)):
            return numbered(read_arrays(Path(pair[1]), Path(pair[2])))
        raise UserError(f"{path}: there is no such file or folder")
    if (read := READERS.get(path.suffix.lower())) is None:
        raise UserError(
            f"{path}: allowed are folders, files that end in {', '.join(READERS)}, and two .npy "
            "files with a comma between them, as in images.npy,labels.npy"
        )
    return read(path, label)


def _idx(files: dict[str, Path]) -> Source:
    """Return what IDX files of the usual names hold."""
    parts = {}
    for part, pair in PAIRS.items():
        images, labels = (files.get(key) for key in pair)
        if images and labels:
            arrays = read_idx(images), read_idx(labels)
            parts[part] = array_part(str(images), *arrays, str(labels))
    return numbered(parts)
