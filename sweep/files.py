"""Files that are there whole or not at all, and locks on them."""

import contextlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import IO

from filelock import FileLock

TEMPORARY = ".tmp"  # the suffix of what a killed process may leave behind


def kernel_lock(path: Path) -> FileLock:
    """Return a lock that goes with the process that holds it, however that ends.

    Where a file system has none, taking it raises an OSError: what filelock would take instead, a
    file that is there, would outlive a machine that died.
    """
    return FileLock(path, fallback_to_soft=False)


def write_whole(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write a file under a temporary name beside it, then rename it.

    Others see all of it or nothing, and so does whoever comes after a power cut. Who may read and
    write it is up to the umask, as for any new file.

    Args:
        path: of the file; what was there is replaced.
        write: is given the open file.

    Raises:
        OSError: the folder cannot be written, or is full; nothing is left behind.
    """
    temporary = path.parent / f"{secrets.token_hex(8)}{TEMPORARY}"
    try:
        with open(temporary, "xb") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:  # an interrupt too must leave nothing behind
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the new name: https://man7.org/linux/man-pages/man2/fsync.2.html
    finally:
        os.close(folder)
