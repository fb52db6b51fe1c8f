"""The files by which a sweep that is at work is steered, in a folder below its checkpoints.

Whoever may write there may steer the sweep, and nobody else: that is up to the folder's
permissions. It is there as long as the sweep looks at it.
"""

import os
import pwd
import shutil
import stat
from contextlib import suppress
from pathlib import Path

from sweep.runs.requests import NotARequest

CONTROL = "control"
ASKED, ANSWERED, PAUSING, REFUSED = ".json", ".answer", ".pause", ".refused"
MOST_BYTES = 1_000_000  # of a file
OF_OTHERS = stat.S_IWGRP | stat.S_IWOTH  # permissions to write


def folder_of(checkpoints: Path, sweep_id: str) -> Path:
    """Return the folder of a sweep."""
    return checkpoints / CONTROL / sweep_id


def pause_file(checkpoints: Path, sweep_id: str, run_id: str) -> Path:
    """Return the file that lets a run of a sweep stop after its epoch, while it is there."""
    return folder_of(checkpoints, sweep_id) / f"{run_id}{PAUSING}"


def remove_folder(checkpoints: Path, sweep_id: str) -> None:
    """Remove what a sweep that is dead has left."""
    shutil.rmtree(folder_of(checkpoints, sweep_id), ignore_errors=True)
    with suppress(OSError):  # others use it, or there is none
        (checkpoints / CONTROL).rmdir()


def read(path: Path) -> tuple[bytes, int | None]:
    """Return what a plain file has, and which user wrote it; None if others may have done so, too.

    No pipe is read, and nothing that a link leads to.

    Raises:
        OSError, NotARequest: it is none, or too long.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    about = os.fstat(descriptor)
    if not stat.S_ISREG(about.st_mode) or about.st_size > MOST_BYTES:
        os.close(descriptor)
        raise NotARequest("it is no plain file, or too long")
    with open(descriptor, "rb") as stream:
        return stream.read(MOST_BYTES), None if about.st_mode & OF_OTHERS else about.st_uid


def user_name(uid: int | None) -> str:
    """Return a user's name; their number, if this machine knows none."""
    if uid is None:
        return "unknown"
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
