"""The jobs of a sweep: which of them wait, train, and have ended; and which one a user means."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Protocol

from hydra.core.utils import JobReturn

from sweep.errors import UserError
from sweep.execution.capacity import Capacity
from sweep.execution.job import Job, Running
from sweep.runs.described import run_name
from sweep.runs.events import Ended, Event
from sweep.tracking.run_info import as_name

KILLED_BY_CONTROL = "killed by sweep control"
LEAST_DIGITS = 4  # of an id
MOST_SHOWN = 5  # of those that may be meant


class Listener(Protocol):
    """Who wants to know how a sweep gets on."""

    def add(self, number: int, name: str, cost: float) -> None:
        """Take in that there is one more job."""

    def __call__(self, number: int, event: Event) -> None:
        """Take in what the run of this number tells."""


def in_turn(jobs: Sequence[Job]) -> list[Job]:
    """Return jobs in the order to start them: the longest first, and of a chain one after another.

    A chain is as long as all of its jobs.
    """
    costs: defaultdict[str, float] = defaultdict(float)
    for job in jobs:
        costs[job.chain] += job.cost
    return sorted(jobs, key=lambda job: costs[job.chain] if job.chain else job.cost, reverse=True)


@dataclass
class JobTable:
    """The jobs that a scheduler has been given.

    Attributes:
        capacity: what they take of where they are trained.
        listener: is told what becomes of them.
        finished: takes in what became of one that a user has killed, once that is recorded.
        queue: those that wait, in the order in which they start.
        running: those that train, in the order in which they were started, by their connections.
        results: of those that have ended, by their numbers.
        jobs: all of them, by their numbers.
        run_ids: of the records of those that have ended, or were paused.
        first: the number of the one that starts before all others; None for none.
    """

    capacity: Capacity
    listener: Listener
    finished: Callable[[Job, JobReturn], None] = lambda job, result: None
    queue: list[Job] = field(default_factory=list)
    running: dict[Connection, Running] = field(default_factory=dict)
    results: dict[int, JobReturn] = field(default_factory=dict)
    jobs: dict[int, Job] = field(default_factory=dict)
    run_ids: dict[int, str] = field(default_factory=dict)
    first: int | None = None

    def add(self, job: Job) -> None:
        """Let a job wait behind all others: a new one, or one that goes on though it had ended."""
        self.results.pop(job.number, None)
        self.queue.append(job)
        self.jobs[job.number] = job
        self.listener.add(job.number, job.name, job.cost)

    def take(self, job: Job) -> None:
        """Let a job wait no more, since it starts."""
        self.queue.remove(job)
        if self.first == job.number:
            self.first = None

    def put_back(self, job: Job) -> None:
        """Let a job that was begun wait before all others, but the one that is to start next."""
        self.queue.insert(0, job)
        if self.first is not None:
            self.put_first(self.first)

    def end_killed(self, job: Job) -> None:
        """Let a job that does not train any more be over, and no failure: a user wanted it so."""
        self.queue[:] = [each for each in self.queue if each.number != job.number]
        self.results[job.number] = JobReturn(overrides=list(job.overrides))
        self.listener(job.number, Ended("KILLED", KILLED_BY_CONTROL))
        self.finished(job, self.results[job.number])

    def running_job(self, number: int) -> Running | None:
        """Return the run of this number if it trains."""
        return next((run for run in self.running.values() if run.job.number == number), None)

    def put_first(self, number: int) -> None:
        """Let a job that waits start before all others."""
        self.first = number
        self.queue.sort(key=lambda job: job.number != number)

    def find(self, given: str) -> Job:
        """Return the job that a user means.

        Args:
            given: its number, its overrides, its name, or its id in the record or the beginning of
                that.

        Raises:
            UserError: there is none, or several may be meant.
        """
        found = [*self._meant_by(given)]
        if len(found) == 1:
            return found[0]
        if not found:
            numbers = ", ".join(map(str, sorted(self.jobs)[:MOST_SHOWN]))
            more = ", …" if len(self.jobs) > MOST_SHOWN else ""
            raise UserError(
                f"{given}: is none of the runs that this sweep trains; allowed are their numbers "
                f"({numbers or 'none yet'}{more}), names, or ids"
            )
        several = ", ".join(f"run {job.number} ({job.name})" for job in found[:MOST_SHOWN])
        raise UserError(f"{given}: may be several: {several}; allowed is one of their numbers")

    def _meant_by(self, given: str) -> Iterator[Job]:
        if given.isdecimal() and len(given) <= 9 and (one := self.jobs.get(int(given))):
            yield one
            return
        ids = self.run_ids | {
            run.job.number: run.run_id for run in self.running.values() if run.run_id
        }
        for number, job in self.jobs.items():
            is_id = len(given) >= LEAST_DIGITS and ids.get(number, "").startswith(given)
            names = [job.name, run_name(job.config, job.overrides)]
            if is_id or given in (*names, *map(as_name, names)):
                yield job

    def told(self, job: Job) -> str:
        """Return how a run is called when it is spoken of."""
        return f"run {job.number} ({job.name})" if job.name else f"run {job.number}"
