"""The folder in which a sweep that is at work is asked for something, below its checkpoints.

Whoever may write there may steer the sweep, and nobody else: that is up to the folder's
permissions. It is there as long as the sweep looks at it.
"""

import os
import pwd
import re
import secrets
import shutil
import socket
import stat
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import IO

from sweep.errors import UserError
from sweep.files import TEMPORARY, write_whole
from sweep.runs.requests import Answer, Asked, NotARequest, answer_from, asked_from, to_json

CONTROL = "control"
ASKED, ANSWERED, PAUSING, REFUSED = ".json", ".answer", ".pause", ".refused"
NAME = re.compile(r"[\w-]{1,80}\.json")
MOST_BYTES = 1_000_000  # of a file
READING_SECONDS = 2.0  # for who has asked to read the answer, when the sweep ends
READ_SECONDS = 0.05  # until it is seen again whether it was


@dataclass(frozen=True)
class Request:
    """A file in which something is asked.

    Attributes:
        name: of the file, without its suffix.
        user: whose file it is.
        is_own: whether that is the user of this process, or the system's own.
        asked: what it says.
    """

    name: str
    user: str
    is_own: bool
    asked: Asked


@dataclass(frozen=True)
class Misshapen:
    """A file that is none, and was moved aside.

    Attributes:
        path: where it is now.
        reason: what is wrong with it.
        name: under which that can be answered; None if it has no name of a request.
    """

    path: Path
    reason: str
    name: str | None


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


class ControlFolder:
    """The folder of a sweep, for the sweep itself."""

    def __init__(self, checkpoints: Path, sweep_id: str) -> None:
        """Take where checkpoints are, and the id of the parent run."""
        self._checkpoints, self._sweep_id = checkpoints, sweep_id
        self.path = folder_of(checkpoints, sweep_id)
        self._seen: set[str] = set()

    def open(self) -> None:
        """Make the folder, without what a sweep that was killed has left in it.

        Raises:
            OSError: it cannot be made.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except FileNotFoundError:  # another sweep has ended just now, and was the last one
            self.path.mkdir(parents=True, exist_ok=True)
        self._clear()

    def take(self) -> list[Request | Misshapen]:
        """Return what was asked since the last time, the oldest first; the files are gone then."""
        try:
            names = sorted(each for each in os.listdir(self.path) if each.endswith(ASKED))
        except OSError:  # the file system is away; it will be back
            return []
        new = [each for each in names if each not in self._seen]
        self._seen |= {*new}
        found = (self._take(self.path / each) for each in new)
        return [each for each in found if each]

    def _take(self, path: Path) -> Request | Misshapen | None:
        try:
            content, uid = _read(path)
            if not NAME.fullmatch(path.name):
                raise NotARequest("its name has other letters")
            is_own = uid in (0, os.geteuid())
            request = Request(path.stem, _name(uid), is_own, asked_from(content))
        except FileNotFoundError:  # who asked has taken it back
            return None
        except (NotARequest, OSError) as error:
            aside = path.with_suffix(REFUSED)
            with suppress(OSError):
                os.replace(path, aside)
            name = path.stem if NAME.fullmatch(path.name) else None
            return Misshapen(aside, str(error), name)
        with suppress(OSError):
            path.unlink()
        return request

    def answer(self, name: str, answer: Answer) -> None:
        """Tell who asked what came of it.

        Raises:
            OSError: that cannot be written.
        """
        content = to_json(answer)
        write_whole(self.path / f"{name}{ANSWERED}", lambda stream: stream.write(content))

    def ask_to_pause(self, run_id: str) -> None:
        """Let a run stop after its epoch.

        Raises:
            OSError: that cannot be written.
        """
        pause_file(self._checkpoints, self._sweep_id, run_id).touch()

    def let_go_on(self, run_id: str) -> None:
        """Let a run go on after its epoch."""
        with suppress(OSError):
            pause_file(self._checkpoints, self._sweep_id, run_id).unlink()

    def close(self) -> None:
        """Remove the folder, once all answers were read; what was moved aside stays."""
        deadline = time.monotonic() + READING_SECONDS
        while any(self.path.glob(f"*{ANSWERED}")) and time.monotonic() < deadline:
            time.sleep(READ_SECONDS)
        self._clear()
        for each in (self.path, self.path.parent):
            with suppress(OSError):  # something is in it
                each.rmdir()

    def _clear(self) -> None:
        for each in self.path.glob("*"):
            if each.suffix in (ASKED, ANSWERED, PAUSING, TEMPORARY):
                with suppress(OSError):
                    each.unlink()


class Asking:
    """The folder of a sweep, for who asks something of it."""

    def __init__(self, checkpoints: Path, sweep_id: str) -> None:
        """Take where checkpoints are, and the id of the parent run."""
        self.path = folder_of(checkpoints, sweep_id)

    @property
    def is_there(self) -> bool:
        """Whether the sweep looks at its folder."""
        return self.path.is_dir()

    def ask(self, action: str, arguments: Sequence[str]) -> str:
        """Write down what is asked; return the name under which it is answered.

        Raises:
            UserError: the folder cannot be written, most of all by other users.
            FileNotFoundError: the sweep looks at it no more.
        """
        now = datetime.now(timezone.utc)
        asked = Asked(
            action, tuple(arguments), socket.gethostname(), now.isoformat(timespec="seconds")
        )
        name, content = f"{now:%Y%m%dT%H%M%S%f}-{secrets.token_hex(4)}", to_json(asked)

        def write(stream: IO[bytes]) -> None:
            stream.write(content)
            self._share(stream.fileno())

        try:
            write_whole(self.path / f"{name}{ASKED}", write)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise UserError(
                f"{self.path}: cannot be written ({error.strerror}), and so this sweep cannot be "
                f"steered from here; allowed is who may write there: {_owner_of(self.path)}"
            ) from error
        return name

    def _share(self, descriptor: int) -> None:
        """Let the group of the folder read a file: by it the sweep's user is known, if by any."""
        with suppress(OSError):  # who asks is not of that group
            os.fchown(descriptor, -1, self.path.stat().st_gid)
        os.fchmod(descriptor, os.fstat(descriptor).st_mode & 0o777 | stat.S_IRGRP)

    def answer(self, name: str) -> Answer | None:
        """Return what came of it, and take the answer away; None as long as there is none."""
        path = self.path / f"{name}{ANSWERED}"
        try:
            found = answer_from(_read(path)[0])
        except FileNotFoundError:
            return None
        except NotARequest as error:
            raise UserError(f"{path}: is not the sweep's answer: {error}") from error
        with suppress(OSError):
            path.unlink()
        return found

    def take_back(self, name: str) -> None:
        """Ask no more for what was not answered."""
        with suppress(OSError):
            (self.path / f"{name}{ASKED}").unlink()


def _read(path: Path) -> tuple[bytes, int]:
    """Return what a plain file has, and whose it is; no pipe, and nothing that a link leads to.

    Raises:
        OSError, NotARequest: it is none, or too long.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    about = os.fstat(descriptor)
    if not stat.S_ISREG(about.st_mode) or about.st_size > MOST_BYTES:
        os.close(descriptor)
        raise NotARequest("it is no plain file, or too long")
    with open(descriptor, "rb") as stream:
        return stream.read(MOST_BYTES), about.st_uid


def _owner_of(path: Path) -> str:
    try:
        return _name(path.stat().st_uid)
    except OSError:
        return "its owner"


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
