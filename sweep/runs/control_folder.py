"""The folder in which a sweep that is at work is asked for something, for the sweep itself."""

import os
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sweep.files import TEMPORARY, write_whole
from sweep.runs.control_files import (
    ANSWERED,
    ASKED,
    PAUSING,
    REFUSED,
    folder_of,
    pause_file,
    read,
    user_name,
)
from sweep.runs.requests import Answer, Asked, NotARequest, asked_from, to_json

NAME = re.compile(r"[\w-]{1,80}\.json")
READING_SECONDS = 2.0  # for who has asked to read the answer, when the sweep ends
READ_SECONDS = 0.05  # until it is seen again whether it was


@dataclass(frozen=True)
class Request:
    """A file in which something is asked.

    Attributes:
        name: of the file, without its suffix.
        user: who has written it.
        is_own: whether that is the user of this process, or the system's own, for certain.
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


class ControlFolder:
    """The control folder of a sweep, for the sweep that answers."""

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
            content, uid = read(path)
            if not NAME.fullmatch(path.name):
                raise NotARequest("its name has other letters")
            is_own = uid in (0, os.geteuid())
            request = Request(path.stem, user_name(uid), is_own, asked_from(content))
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
