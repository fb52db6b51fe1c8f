"""When runs start, and what becomes of them: on whatever machines they are trained.

What is free takes the next run at once; the longest runs start first, so that none is left over at
the end while other cores have nothing to do.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from typing import Protocol

from hydra.core.utils import JobReturn, JobStatus

from sweep.config.overrides import describing
from sweep.config.schema import Config
from sweep.data.splits import load_dataset
from sweep.display.sweep import Row, SweepDisplay
from sweep.errors import RunFailed
from sweep.execution.capacity import Lease
from sweep.execution.job import Died, Job, Running, failure
from sweep.networks.cost import run_cost
from sweep.runs.events import CLAIMED, Ended, Event, Notice, Retried

GRACE_SECONDS = 5.0  # for runs to close their records after they were told to stop
POLL_SECONDS = 1.0  # to see whether another sweep has trained what it had claimed


class Room(Protocol):
    """How many runs can be trained at once."""

    @property
    def free(self) -> bool:
        """Whether there may be room for one more."""

    def take(self, config: Config) -> Lease | None:
        """Return what a run needs, or None if that is not free now."""

    def give_back(self, lease: Lease) -> None:
        """Make free what a run had."""


class Place(Protocol):
    """Where runs are trained."""

    @property
    def slots(self) -> Room:
        """How many runs can be trained at once."""

    def start(self, job: Job, lease: Lease) -> Running:
        """Start a run, which will send events and at last its JobReturn."""


class Suggestions(Protocol):
    """Jobs that are not known beforehand, but depend on what became of those before."""

    def next(self) -> Job | None:
        """Return the next one; None if there is no more."""

    def end(self, job: Job, result: JobReturn) -> None:
        """Take in what became of a job: of a suggested one, or of one that was known."""


class NoSuggestions:
    """All jobs are known beforehand."""

    def next(self) -> None:
        """There is no more."""

    def end(self, job: Job, result: JobReturn) -> None:
        """Nothing depends on it."""


def launch(
    place: Place, jobs: Sequence[Job], suggestions: Suggestions | None = None
) -> list[JobReturn]:
    """Train all runs, and show how they get on; return their results in the order of their numbers.

    A job that was stopped, because another failed, has the status UNKNOWN.

    Args:
        place: where.
        jobs: each with a number of its own.
        suggestions: more of them, if there are.
    """
    with SweepDisplay([_row(job) for job in jobs]) as display:
        more = _Shown(suggestions, display) if suggestions else NoSuggestions()
        results = schedule(jobs, place.slots, place.start, display, more)
    numbers = {*results, *(job.number for job in jobs)}
    return [results.get(number, JobReturn()) for number in sorted(numbers)]


class _Shown:
    """Suggestions, each shown from the moment it is there."""

    def __init__(self, suggestions: Suggestions, display: SweepDisplay) -> None:
        self._suggestions, self._display = suggestions, display
        self.end = suggestions.end

    def next(self) -> Job | None:
        if job := self._suggestions.next():
            self._display.add(_row(job))
        return job


def _row(job: Job) -> Row:
    name = " ".join(describing(job.composed.hydra.overrides.task))
    return Row(job.number, name, workload(job.config))


def workload(config: Config) -> float:
    """Return the work of a run, in multiplications."""
    dataset = load_dataset(config.dataset)
    return run_cost(config, dataset.train_size, dataset.shape, dataset.classes)


Start = Callable[[Job, Lease], Running]
Tell = Callable[[int, Event], None]


def schedule(
    jobs: Sequence[Job], slots: Room, start: Start, tell: Tell, suggestions: Suggestions
) -> dict[int, JobReturn]:
    """Start jobs, the longest first, whenever there is a slot for one; return what became of them.

    A run whose process dies is started again, ``max_retries`` times. With ``on_failure=stop`` the
    first failure stops all others, which are then not among the results.

    Args:
        jobs: to be done.
        slots: what is free.
        start: starts a job in a process that will send events and at last its JobReturn.
        tell: is told what a run tells, with the job's number.
        suggestions: are asked for one more job whenever a slot has none.
    """
    queue = sorted(jobs, key=lambda job: workload(job.config), reverse=True)
    running: dict[Connection, Running] = {}
    results: dict[int, JobReturn] = {}
    retries: Counter[int] = Counter()
    claimed: set[int] = set()
    stopped = False

    def begin(job: Job) -> None:
        if not (lease := slots.take(job.config)):
            return
        if job.is_claimed():
            slots.give_back(lease)
            if job.number not in claimed:
                tell(job.number, Notice(CLAIMED))
            claimed.add(job.number)
            return
        claimed.discard(job.number)
        queue.remove(job)
        run = start(job, lease)
        running[run.connection] = run

    def suggested() -> Job | None:
        if stopped or not slots.free or any(job.number not in claimed for job in queue):
            return None
        return suggestions.next()

    try:
        while True:
            for job in list(queue):
                if not slots.free:
                    break
                begin(job)
            while more := suggested():
                queue.append(more)
                begin(more)
            if not (queue or running):
                return results
            for run in _next(running, tell, POLL_SECONDS if claimed else None):
                slots.give_back(run.lease)
                job, number = run.job, run.job.number
                try:
                    result = run.result()
                except Died as death:
                    error = RunFailed(str(death))
                    _close_record(run, error)
                    if retries[number] < job.config.max_retries:
                        retries[number] += 1
                        tell(number, Retried(str(death), retries[number], job.config.max_retries))
                        queue.insert(0, job)
                        continue
                    result = failure(job, error)
                results[number] = result
                suggestions.end(job, result)
                if result.status == JobStatus.FAILED:
                    tell(number, Ended("FAILED", str(result._return_value)))
                    if job.config.on_failure == "stop":
                        stopped = True
                        queue.clear()
                        _stop(running, tell)
    except BaseException:  # Ctrl-C, most of all: no run shall go on without its sweep
        _stop(running, tell)
        raise


def _close_record(run: Running, error: RunFailed) -> None:
    if run.run_id and not run.ended:
        from sweep.tracking import close_as_failed  # Hydra imports this module, for whatever

        close_as_failed(run.job.config.tracking, run.run_id, error)


def _next(
    running: dict[Connection, Running], tell: Tell, timeout_seconds: float | None = None
) -> list[Running]:
    """Wait until a run tells something; pass it on. Take out and return those that have ended.

    Args:
        running: the runs; those that have taken too long are killed.
        tell: is told.
        timeout_seconds: to wait at most; None to wait for as long as no run takes too long.
    """
    left = min((run.deadline for run in running.values()), default=math.inf) - time.monotonic()
    left = min(left, math.inf if timeout_seconds is None else timeout_seconds)
    ended = []
    for connection in wait(list(running), None if left == math.inf else max(left, 0)):
        assert isinstance(connection, Connection)
        run = running[connection]
        try:
            event = run.receive()
        except (EOFError, OSError):
            ended.append(running.pop(connection))
        else:
            if event:
                tell(run.job.number, event)
    for run in running.values():
        if time.monotonic() >= run.deadline:
            run.process.kill()
            run.timed_out, run.deadline = True, math.inf
    return ended


def _stop(running: dict[Connection, Running], tell: Tell) -> None:
    """Tell all runs to stop; kill those that have not done so after the grace, or a second Ctrl-C.

    Args:
        running: is emptied.
        tell: is told how they end.
    """
    deadline = time.monotonic() + GRACE_SECONDS
    try:
        for run in running.values():
            run.process.terminate()
        while running and (left := deadline - time.monotonic()) > 0:
            for run in _next(running, tell, left):
                run.process.join()
    finally:
        for run in running.values():
            run.process.kill()
        for run in running.values():
            run.process.join()
