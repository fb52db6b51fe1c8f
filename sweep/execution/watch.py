"""When a run's process is ended from outside: it takes too long, or makes no progress.

Nothing inside the process is needed for it: not even that Python can handle a signal there.
"""

import math
import os
import time
from contextlib import suppress
from typing import Protocol

from sweep.config.schema import Config
from sweep.runs.events import Ended, Waiting
from sweep.signals import STACKS
from sweep.training.selection import EpochRecord

LEAST_SECONDS = 600.0  # without progress, by stall_timeout=auto
REQUEST_SECONDS = 3600.0  # while it waits for the record, by the same
EPOCHS = 10.0  # as long as so many of its epochs, by the same
LOOK_SECONDS = 5.0  # between two looks at a silent run
GRACE_SECONDS = 5.0  # for a run that is told to end, to close its record
STALLED = "it made no progress for"


class Silence:
    """How long a run has made no progress, and whether that is too long.

    Only time in which somebody looked counts. A machine that slept, or a sweep that was suspended
    with all its runs, is not taken for runs that hang.
    """

    def __init__(self, limit: float | str | None, now: float) -> None:
        """Begin to listen.

        Args:
            limit: seconds; ``auto`` for what the run's own epochs suggest; None for no limit.
            now: in seconds, by the clock that all other times are by.
        """
        self._given, self._longest_epoch = limit, 0.0
        self._is_waiting = False  # for the record
        self._looked, self._seconds = now, 0.0

    @property
    def limit(self) -> float:
        """The seconds without progress that are too many."""
        match self._given:
            case float() | int():
                return self._given
            case None:
                return math.inf
        least = REQUEST_SECONDS if self._is_waiting else LEAST_SECONDS
        return max(least, EPOCHS * self._longest_epoch)

    def heard(self, event: object, now: float) -> None:
        """Take in that the run has told something, which is progress whatever it is."""
        if isinstance(event, EpochRecord):
            took = event.metrics.get("epoch_seconds", 0.0)
            self._longest_epoch = max(self._longest_epoch, took)
        self._is_waiting = isinstance(event, Waiting)
        self._looked, self._seconds = now, 0.0

    def look(self, now: float) -> bool:
        """Return whether the run has made no progress for too long."""
        self._seconds += min(now - self._looked, LOOK_SECONDS)
        self._looked = now
        return self._seconds >= self.limit

    @property
    def left(self) -> float:
        """The seconds after which to look again."""
        return min(self.limit - self._seconds, LOOK_SECONDS)


class Watcher(Protocol):
    """Who ends a run's process in time.

    Attributes:
        reason: why the process was ended, in words; None as long as it was not.
    """

    reason: str | None

    def heard(self, event: object) -> None:
        """Take in that the run has told something."""

    @property
    def seconds_left(self) -> float:
        """The seconds after which to look again; below 0 if that time is over."""

    def look(self) -> None:
        """End the process if it is time."""

    @property
    def is_dead(self) -> bool:
        """Whether the process has ended: others that it started may still hold its connection."""


class Elsewhere:
    """Another machine's agent watches a run that is trained there."""

    reason: str | None = None
    seconds_left = math.inf
    is_dead = False

    def heard(self, event: object) -> None:
        """Leave it to the agent, which has heard it first."""

    def look(self) -> None:
        """Leave it to the agent."""


class Process(Protocol):
    """A process of this machine."""

    @property
    def pid(self) -> int | None:
        """Its number."""

    @property
    def exitcode(self) -> int | None:
        """None as long as it goes on."""

    def terminate(self) -> None:
        """Tell it to stop."""

    def kill(self) -> None:
        """Make it stop."""


class Watch:
    """Ends a process of this machine in time: see :class:`Watcher`."""

    def __init__(self, config: Config, process: Process, log: str = "its log") -> None:
        """Begin to watch.

        Args:
            config: the run's.
            process: has just been started.
            log: where its stacks go.
        """
        now = time.monotonic()
        self.reason: str | None = None
        self._run_timeout, self._process, self._log = config.run_timeout, process, log
        self._whole = Silence(config.run_timeout, now)  # in which nothing counts as a sign of life
        self._silence = Silence(config.stall_timeout, now)

    def heard(self, event: object) -> None:
        """Take in a sign of life."""
        self._silence.heard(event, time.monotonic())

    @property
    def seconds_left(self) -> float:
        """The seconds until the process may have to be ended, or until the next look."""
        return min(self._whole.left, self._silence.left)

    def look(self) -> None:
        """End the process if it is time: by a word, and when that does not help, by force."""
        now = time.monotonic()
        is_late, is_stalled = self._whole.look(now), self._silence.look(now)
        if self.reason is None and is_stalled and not is_late:
            limit = self._silence.limit
            self.reason = f"{STALLED} {limit:g} seconds; {self._log} has its stacks"
            self._begin_grace(now)
            ask_for_stacks(self._process)
            self._process.terminate()
        elif is_late:
            self.reason = self.reason or (
                f"it took longer than run_timeout={self._run_timeout:g} seconds"
            )
            self._begin_grace(now)
            self._process.kill()

    def _begin_grace(self, now: float) -> None:
        self._silence, self._whole = Silence(None, now), Silence(GRACE_SECONDS, now)

    @property
    def is_dead(self) -> bool:
        """Whether the process is gone."""
        return self._process.exitcode is not None


def is_stall(reason: str) -> bool:
    """Return whether a run's process was ended because it hung, here or on another machine."""
    return STALLED in reason


def ask_for_stacks(process: Process) -> None:
    """Let a process write the stacks of its threads to its log, whatever it is doing."""
    if process.pid is not None and process.exitcode is None:
        with suppress(ProcessLookupError):  # it has ended just now
            os.kill(process.pid, STACKS)


def only_ended(watch: Watcher, event: object) -> bool:
    """Return whether a run tells this because it was ended, and will go on: that is not its end."""
    return watch.reason is not None and isinstance(event, Ended) and event.status == "KILLED"
