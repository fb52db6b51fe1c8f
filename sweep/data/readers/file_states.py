"""Files that images are read from, in the state in which they were seen."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from sweep.errors import UserError


class FileState(NamedTuple):
    """A file, its size in bytes, and when it was last written."""

    path: str
    size: int
    mtime_ns: int


def state_of(path: Path) -> FileState:
    """Return the state of a file.

    Raises:
        UserError: it is not there, is none, or cannot be looked at.
    """
    try:
        found = path.stat()
        resolved = path.resolve()
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file") from None
    except (OSError, RuntimeError, ValueError) as error:
        raise UserError(f"{path}: cannot be read: {error}") from error
    if not stat.S_ISREG(found.st_mode):
        raise UserError(f"{path}: is no file; allowed is one")
    return FileState(str(resolved), found.st_size, found.st_mtime_ns)


def is_folder(path: Path) -> bool:
    """Return whether a folder is at a path.

    Raises:
        UserError: what is there cannot be looked at.
    """
    return stat.S_ISDIR(_mode(path))


def is_file(path: Path) -> bool:
    """Return whether a file is at a path.

    Raises:
        UserError: what is there cannot be looked at.
    """
    return stat.S_ISREG(_mode(path))


def _mode(path: Path) -> int:
    """Return what the system says is at a path; 0 if nothing is."""
    try:
        return os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return 0
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:  # a character that no path has
        raise UserError(f"{path}: cannot be read: {error}") from error


def names_in(folder: Path) -> list[str]:
    """Return the names of what is in a folder, in their order.

    Raises:
        UserError: it cannot be read.
    """
    try:
        return sorted(os.listdir(folder))
    except OSError as error:
        raise UserError(f"{folder}: cannot be read: {error.strerror}") from error


def walk_files(folder: Path) -> list[FileState]:
    """Return the files below a folder, by their paths in it, without hidden ones.

    Links are followed. A link that leads nowhere is a file of size -1: it cannot be read.

    Raises:
        UserError: a folder cannot be read, a link leads to a folder that it lies in, or something
            is neither file nor folder.
    """
    return sorted(_below(str(folder), "", ()))


def _below(folder: str, inside: str, above: tuple[tuple[int, int], ...]) -> Iterator[FileState]:
    """Yield what is below a folder; ``inside`` is its path in the first one, with a slash.

    Paths are texts: making an object of each would double the time of a sweep's second start.
    """
    try:
        found = os.stat(folder)
        here = (found.st_dev, found.st_ino)
        if here in above:
            raise UserError(
                f"{folder}: is a link to a folder that it lies in; allowed are links that lead "
                "elsewhere"
            )
        with os.scandir(folder) as entries:
            listed = [each for each in entries if not each.name.startswith(".")]
    except OSError as error:
        raise UserError(f"{folder}: cannot be read: {error.strerror}") from error
    for entry in listed:
        path = inside + entry.name
        try:
            state = entry.stat()
        except OSError:
            yield FileState(path, -1, 0)
            continue
        if stat.S_ISREG(state.st_mode):
            yield FileState(path, state.st_size, state.st_mtime_ns)
        elif stat.S_ISDIR(state.st_mode):
            yield from _below(entry.path, f"{path}/", (*above, here))
        else:
            raise UserError(f"{entry.path}: is neither file nor folder; allowed are these")
