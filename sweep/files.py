"""Files that are there whole or not at all, and locks on them."""

import contextlib
import errno
import os
import secrets
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO

from filelock import FileLock, Timeout

from sweep import heartbeat

TEMPORARY = ".tmp"  # the suffix of what a killed process may leave behind
POLL_SECONDS = 0.2


def as_meant(path: str | os.PathLike[str]) -> Path:
    """Return the path that a user means: ``~`` is their own folder, and ``~anna`` Anna's.

    One of a user that there is not stays as it is written, where :meth:`Path.expanduser` raises.
    """
    return Path(os.path.expanduser(path))


def kernel_lock(path: Path) -> FileLock:
    """Return a lock that goes with the process that holds it, however that ends.

    Where a file system has none, taking it raises an OSError: what filelock would take instead, a
    file that is there, would outlive a machine that died.
    """
    return FileLock(path, fallback_to_soft=False)


def wait_for(lock: FileLock) -> None:
    """Hold a lock that another process holds, however long that takes: who waits does not hang."""
    while not lock.is_locked:
        heartbeat.beat()
        with contextlib.suppress(Timeout):
            lock.acquire(timeout=heartbeat.SECONDS, poll_interval=POLL_SECONDS)


def obstacle(path: Path) -> str | None:
    """Return why a file or folder cannot be written, or made where it is not; None if it can.

    Nothing is written to find out.
    """
    there = path
    while not os.path.lexists(there) and there != there.parent:
        there = there.parent
    if there != path and not there.is_dir():
        number = errno.ENOTDIR
    elif _longest_name(path) > os.statvfs(there).f_namemax:
        number = errno.ENAMETOOLONG
    elif not os.access(there, os.W_OK):
        is_read_only = os.statvfs(there).f_flag & os.ST_RDONLY
        number = errno.EROFS if is_read_only else errno.EACCES
    else:
        return None
    return f"{there}: {os.strerror(number)}"


def _longest_name(path: Path) -> int:
    """Return how many bytes the longest name of a path's folders, and of its own, has."""
    return max((len(os.fsencode(part)) for part in path.parts), default=0)


def write_whole(path: Path, write: Callable[[IO[bytes]], object], permissions: int = 0o666) -> None:
    """Write a file under a temporary name beside it, then rename it.

    Others see all of it or nothing, and so does whoever comes after a power cut. Who may read and
    write it is up to the umask, as for any new file.

    Args:
        path: of the file; what was there is replaced.
        write: is given the open file.
        permissions: that it has at most, from its beginning on.

    Raises:
        OSError: the folder cannot be written, or is full; nothing is left behind.
    """
    temporary = path.parent / f"{secrets.token_hex(8)}{TEMPORARY}"
    try:
        with open(temporary, "xb", opener=partial(os.open, mode=permissions)) as stream:
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
