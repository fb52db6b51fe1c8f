"""Asking something of a sweep that is at work, and waiting for what it answers.

Whoever asks does it by :func:`steer`: a command, or the page of a sweep that is watched.
"""

import os
import secrets
import socket
import stat
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import IO

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from sweep.config.ranges import parse_overrides
from sweep.config.zips import ZIP
from sweep.errors import UserError
from sweep.files import write_whole
from sweep.runs.alive import is_at_work
from sweep.runs.control_files import ANSWERED, ASKED, folder_of, read, user_name
from sweep.runs.requests import Answer, Asked, NotARequest, answer_from, check_action, to_json
from sweep.tracking import FINGERPRINT, FOLDER, STUDY, find_sweep_id, read_about
from sweep.tracking.queries import About

ANSWER_SECONDS = 30.0  # for the sweep to say what came of it
POLL_SECONDS = 0.1
WORK_SECONDS = 1.0  # until it is seen again whether the sweep is at work


class Unanswered(UserError):
    """A sweep has not said whether it did what it was asked for, and may do it yet."""

    exit_code = 1


def steer(uri: str | None, sweep: str, folder: Path, action: str, arguments: Sequence[str]) -> str:
    """Ask something of a sweep; return in one line what came of it.

    Args:
        uri: of the record; None for the default one.
        sweep: its id, the beginning of it, or its name.
        folder: of checkpoints.
        action: one of :data:`sweep.runs.requests.ACTIONS`.
        arguments: of the action.

    Raises:
        UserError: there is no such action, it is given something else, or an override has a typo;
            there is no such sweep, it is not at work, or it has refused what was asked.
        Unanswered: it has not answered in time.
    """
    check_action(action, arguments)
    if action == "add":
        _check_overrides(arguments)
    found = read_about(uri, find_sweep_id(uri, sweep))
    if not found.is_sweep:
        raise UserError(f"{sweep}: is a run; allowed is a sweep, which `sweep list` shows")
    if action == "add" and STUDY in found.tags:
        raise UserError(
            f"add: {_told(found)} is a search, which has no grid to add to; it suggests its runs "
            "itself"
        )
    if why := why_not_steered(found, _is_at_work(found, folder), folder):
        raise UserError(why)
    answer = _asked(found, folder, action, arguments)
    if not answer.is_done:
        raise UserError(answer.text)
    return f"{_told(found)}: {answer.text}"


def why_not_steered(sweep: About, at_work: bool | None, folder: Path) -> str | None:
    """Return why a sweep does not look at what it is asked at this moment; None if it does.

    Args:
        sweep: as it is recorded.
        at_work: whether a process holds it; None if that cannot be told from here.
        folder: of checkpoints.
    """
    if at_work is False or sweep.status == "FINISHED":
        return (
            f"{_told(sweep)} is not at work ({sweep.status}), and there is nothing to steer; its "
            "own command goes on with what is missing"
        )
    if at_work is None:
        return (
            f"--checkpoint-dir {folder}: is not the folder that {_told(sweep)} has its checkpoints "
            "in; allowed is that folder"
        )
    if not Asking(folder, sweep.run_id).is_there:
        return (
            f"{_told(sweep)} trains no runs at this moment, or by a launcher that cannot be "
            "steered; allowed are those of gluon-sweep, while they train"
        )
    return None


def _told(sweep: About) -> str:
    return f"sweep {sweep.name} ({sweep.run_id[:8]})"


def _is_at_work(sweep: About, folder: Path) -> bool | None:
    return is_at_work(folder, sweep.tags.get(FOLDER), sweep.tags.get(FINGERPRINT))


def _check_overrides(given: Sequence[str]) -> None:
    """Check that overrides can be read.

    Raises:
        UserError: one cannot.
    """
    for each in given:
        if ZIP.match(each):
            continue
        try:
            OverridesParser.create().parse_override(each)
        except HydraException as error:
            why = " ".join(str(error).split())
            raise UserError(
                f"add {each}: is no override such as optim.lr=0.1,0.2: {why}"
            ) from error
    parse_overrides([each for each in given if not ZIP.match(each) and "glob(" not in each])


def _asked(sweep: About, folder: Path, action: str, arguments: Sequence[str]) -> Answer:
    """Ask, and wait for the answer.

    Raises:
        UserError: the sweep has ended meanwhile, cannot be asked, or does not answer.
    """
    asking = Asking(folder, sweep.run_id)
    ended = UserError(f"{_told(sweep)} has ended meanwhile")
    try:
        name = asking.ask(action, arguments)
    except FileNotFoundError:
        raise ended from None
    deadline = time.monotonic() + ANSWER_SECONDS
    look = 0.0
    while (now := time.monotonic()) < deadline:
        if answer := asking.answer(name):
            return answer
        if now >= look:
            look = now + WORK_SECONDS
            if not _is_at_work(sweep, folder):
                asking.take_back(name)
                raise ended
        time.sleep(POLL_SECONDS)
    words = " ".join([action, *arguments])
    raise Unanswered(
        f"{_told(sweep)}: was asked: {words}; it has not answered yet, and its terminal will say"
    )


class Asking:
    """The control folder of a sweep, for who asks."""

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
            # Whoever else could write it could ask in this user's name.
            write_whole(self.path / f"{name}{ASKED}", write, permissions=0o644)
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
            found = answer_from(read(path)[0])
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


def _owner_of(path: Path) -> str:
    try:
        return user_name(path.stat().st_uid)
    except OSError:
        return "its owner"
