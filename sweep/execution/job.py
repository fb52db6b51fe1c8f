"""A run of a sweep: as it is planned, as its process trains it, and how that ended."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Protocol

from hydra.core.utils import JobReturn, JobStatus
from omegaconf import DictConfig

from sweep.config.overrides import describing
from sweep.config.schema import Config
from sweep.errors import RunFailed
from sweep.execution.capacity import Capacity, Resources
from sweep.execution.watch import Watcher, only_ended
from sweep.execution.worker import STOPPED
from sweep.runs.events import PAUSED, UNDECIDED, Alive, Ended, Event, Recorded, Started


@dataclass(frozen=True)
class Job:
    """A run that is planned.

    Attributes:
        number: in the sweep, from 0.
        overrides: of this run, as in ``optim.lr=0.1``.
        compose: returns Hydra's whole configuration; it is large, and made when it is needed.
        config: the run's part of it, checked.
        cost: how long it takes, in any unit, once its dataset is known: the longest start first.
        is_claimed: returns whether another sweep trains the same at this moment.
        chain: what it shares with jobs that go on from one another, so that only one of them is
            trained at a time; empty for none.
        record_failure: records why it failed, where it could not do so itself.
    """

    number: int
    overrides: tuple[str, ...]
    compose: Callable[[], DictConfig]
    config: Config
    cost: float = 0.0
    is_claimed: Callable[[], bool] = lambda: False
    chain: str = ""
    record_failure: Callable[[Exception], object] = lambda error: None

    @property
    def composed(self) -> DictConfig:
        """Hydra's whole configuration, made anew."""
        return self.compose()

    @property
    def name(self) -> str:
        """What tells it from others."""
        return " ".join(describing(self.overrides))

    @cached_property  # asked for several times, each of which would compose the whole
    def folder(self) -> Path:
        """Where the run's log is."""
        sweep = self.composed.hydra.sweep
        return Path(sweep.dir, sweep.subdir)


class Process(Protocol):
    """What trains a run: a process of this machine, or what stands for one of another."""

    @property
    def exitcode(self) -> int | None:
        """As ``multiprocessing`` has it."""

    def terminate(self) -> None:
        """Tell it to stop."""

    def kill(self) -> None:
        """Make it stop."""

    def join(self) -> None:
        """Wait until it has ended."""


@dataclass
class Running:
    """A job in its process.

    Attributes:
        job: what it trains.
        resources: what it has for itself.
        process: the process.
        connection: on which it tells what happens; closed when the process ends.
        watch: ends it when it takes too long, or hangs.
        exit_reason: returns why the process died, once it has.
        run_id: of its record, once it has one.
        is_closed: whether its record is closed.
        ended: how it ended, as it has told; empty until it does.
        is_killed: whether it was ended on purpose.
        result: what it returned, once it has.
    """

    job: Job
    resources: Resources
    process: Process
    connection: Connection
    watch: Watcher
    exit_reason: Callable[[], str]
    run_id: str | None = None
    is_closed: bool = False
    ended: str = ""
    is_killed: bool = False
    result: JobReturn | None = None

    @property
    def is_completed(self) -> bool:
        """Whether it has returned its score."""
        return self.result is not None and self.result.status == JobStatus.COMPLETED

    @property
    def is_paused(self) -> bool:
        """Whether it has stopped after an epoch, to go on later."""
        return self.ended == PAUSED

    @property
    def goes_on(self) -> bool:
        """Whether there may be more of it, though it has told that it ended or returned a score."""
        if self.ended in ("FINISHED", "PRUNED"):
            return False
        return self.ended in (PAUSED, UNDECIDED) or not self.is_completed

    def receive(self) -> Event | None:
        """Return what the run tells next; None when it is its last word, or not to be shown.

        Raises:
            EOFError, OSError: its process has ended.
        """
        message = self.connection.recv()
        self.watch.heard(message)
        if isinstance(message, Alive) or only_ended(self.watch, message):
            return None
        if isinstance(message, JobReturn):
            self.result = message
            return None
        if isinstance(message, Recorded | Started):
            self.run_id = message.run_id
            self.is_closed = False  # also where a queue has brought it to another machine
        if isinstance(message, Ended):
            self.is_closed, self.ended = True, message.status
            if self.is_killed and message.status == "KILLED":  # who has killed it says why
                return None
        event: Event = message
        return event

    def wait(self) -> JobReturn:
        """Wait for the process to end; return what it sent.

        Raises:
            ProcessDied: it ended without a result, or was ended because it took too long, or hung.
        """
        self.process.join()
        if self.result:
            return self.result
        if self.is_killed and not self.goes_on:  # so late that it lacks nothing but its last word
            return JobReturn(overrides=list(self.job.overrides), status=JobStatus.COMPLETED)
        if self.watch.reason is not None:
            raise ProcessDied(self.watch.reason)
        if self.process.exitcode == STOPPED:
            return failure(self.job, RunFailed("its process was stopped by SIGTERM"))
        raise ProcessDied(self.exit_reason())


class Executor(Protocol):
    """What trains runs: processes of this machine, a cluster, a queue."""

    @property
    def capacity(self) -> Capacity:
        """How many runs can be trained at once."""

    def start(self, job: Job, resources: Resources) -> Running:
        """Start a run, which will send events and at last its JobReturn.

        Raises:
            OSError: the system has nothing left for it.
        """


class ProcessDied(Exception):
    """A run's process ended before the run did. Its text is the reason."""


def failure(job: Job, error: Exception) -> JobReturn:
    """Return the result of a job that failed."""
    return JobReturn(
        overrides=list(job.composed.hydra.overrides.task),
        status=JobStatus.FAILED,
        working_dir=str(job.folder),
        _return_value=error,
    )
