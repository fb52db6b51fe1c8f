"""A run in its process: what is launched, what it tells, and how it ended."""

from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Protocol

from hydra.core.utils import JobReturn, JobStatus
from omegaconf import DictConfig

from sweep.config.schema import Config
from sweep.errors import RunFailed
from sweep.execution.capacity import Lease
from sweep.execution.worker import STOPPED
from sweep.runs.events import Ended, Event, Recorded, Started


@dataclass(frozen=True)
class Job:
    """A run to launch.

    Attributes:
        number: in the sweep.
        composed: Hydra's whole configuration.
        config: the run's part, checked.
        is_claimed: returns whether another sweep trains the same at this moment.
    """

    number: int
    composed: DictConfig
    config: Config
    is_claimed: Callable[[], bool] = lambda: False

    @property
    def folder(self) -> Path:
        """Where the run's log is."""
        return Path(self.composed.hydra.sweep.dir, self.composed.hydra.sweep.subdir)


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
    """A run in its process.

    Attributes:
        job: what it trains.
        lease: what it has for itself.
        process: that trains it.
        connection: on which it tells what happens; closed when the process ends.
        deadline: when it is killed, by ``time.monotonic()``.
        why_dead: returns why the process died, once it has.
    """

    job: Job
    lease: Lease
    process: Process
    connection: Connection
    deadline: float
    why_dead: Callable[[], str]
    timed_out: bool = False
    run_id: str | None = None
    ended: bool = False
    done: JobReturn | None = None

    def receive(self) -> Event | None:
        """Return what the run tells next; None when it is its last word, or not to be shown.

        Raises:
            EOFError, OSError: its process has ended.
        """
        message = self.connection.recv()
        if isinstance(message, JobReturn):
            self.done = message
            return None
        if isinstance(message, Recorded | Started):
            self.run_id = message.run_id
            self.ended = False  # also where a queue has brought it to another machine
        self.ended = self.ended or isinstance(message, Ended)
        event: Event = message
        return event

    def result(self) -> JobReturn:
        """Wait for the process to end; return what it sent.

        Raises:
            Died: it ended without a result, or was killed because it took too long.
        """
        self.process.join()
        if self.done:
            return self.done
        if self.process.exitcode == STOPPED:
            return failure(self.job, RunFailed("its process was stopped by SIGTERM"))
        if self.timed_out:
            raise Died(f"it took longer than run_timeout={self.job.config.run_timeout:g} seconds")
        raise Died(self.why_dead())


class Died(Exception):
    """A run's process ended before the run did. Its text is the reason."""


def failure(job: Job, error: Exception) -> JobReturn:
    """Return the result of a job that failed."""
    overrides = list(job.composed.hydra.overrides.task)
    return JobReturn(
        overrides=overrides,
        status=JobStatus.FAILED,
        working_dir=str(job.folder),
        _return_value=error,
    )
