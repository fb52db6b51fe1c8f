"""What is at a path: images, in whatever format they are."""

from collections.abc import Callable
from pathlib import Path

from sweep.data.arrays import array_part
from sweep.data.file_states import is_file, is_folder
from sweep.data.formats.arrays import read_arrays
from sweep.data.formats.csv import csv_part
from sweep.data.formats.folder import read_folder
from sweep.data.formats.idx import usual_files
from sweep.data.formats.list import list_part
from sweep.data.formats.recordio import read_rec
from sweep.data.idx import read_idx
from sweep.data.parts import Source, numbered
from sweep.errors import UserError

READERS: dict[str, Callable[[Path], Source]] = {  # by the suffix of a file
    ".rec": lambda path: numbered({"train": read_rec(path)}),
    ".lst": lambda path: numbered({"train": list_part(path, path.parent)}),
    ".npz": lambda path: numbered(read_arrays(path)),
    ".csv": lambda path: numbered({"train": csv_part(path, "label", None)}),
}


def read_source(path: Path) -> Source:
    """Return the images at a path; none is decoded.

    Args:
        path: of a folder, or of a file whose suffix names its format.

    Raises:
        UserError: nothing is there, it has no images, or something is wrong with it.
    """
    if is_folder(path):
        return _idx(found) if (found := usual_files(path)) else read_folder(path)
    if not is_file(path):
        raise UserError(f"{path}: there is no such file or folder")
    if (read := READERS.get(path.suffix.lower())) is None:
        raise UserError(f"{path}: allowed are folders, and files that end in {', '.join(READERS)}")
    return read(path)


def _idx(files: dict[str, Path]) -> Source:
    """Return what IDX files of the usual names hold."""
    parts = {}
    for part in ("train", "test"):
        pair = [files.get(f"{part}_{kind}") for kind in ("images", "labels")]
        if pair[0] and pair[1]:
            images, labels = read_idx(pair[0]), read_idx(pair[1])
            parts[part] = array_part(str(pair[0]), images, labels, str(pair[1]))
    return numbered(parts)
