"""The runs of a sweep on all cores of this machine, each in a process of its own.

A run takes as many cores as it has threads, and a GPU of its own if it trains on one. What is free
takes the next run at once; the longest runs start first, so that none is left over at the end while
other cores have nothing to do.
"""

import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from hydra import version
from hydra.core.utils import JobReturn, JobRuntime, JobStatus
from hydra.types import HydraContext
from omegaconf import DictConfig

from sweep import workers
from sweep.config import public
from sweep.devices import find_gpus
from sweep.errors import RunFailed
from sweep.progress import Ended, Event, Started
from sweep.schema import Config
from sweep.slots import Lease, Slots
from sweep.sweep_display import Row, SweepDisplay
from sweep.worker import STOPPED, Task, work
from sweep.workload import workload

GRACE_SECONDS = 5.0  # for runs to close their records after they were told to stop


@dataclass(frozen=True)
class Job:
    """A run to launch: its number in the sweep, Hydra's whole configuration, and the run's part."""

    number: int
    composed: DictConfig
    config: Config


@dataclass
class Running:
    """A run in its process."""

    job: Job
    lease: Lease
    process: BaseProcess
    connection: Connection
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
        if isinstance(message, Started):
            self.run_id = message.run_id
        self.ended = self.ended or isinstance(message, Ended)
        event: Event = message
        return event

    def result(self) -> JobReturn:
        """Wait for the process to end; return what it sent. If it died, close its open record."""
        self.process.join()
        if self.done:
            return self.done
        error = RunFailed(_death(self.process.exitcode))
        if self.run_id and not self.ended:
            from sweep.tracking import close_as_failed  # Hydra imports this module, for whatever

            close_as_failed(self.job.config.tracking, self.run_id, error)
        overrides = list(self.job.composed.hydra.overrides.task)
        return JobReturn(overrides=overrides, status=JobStatus.FAILED, _return_value=error)


def _death(exit_code: int | None) -> str:
    if exit_code == STOPPED:
        return "its process was stopped by SIGTERM"
    if exit_code is not None and exit_code < 0:
        return f"its process was killed by {signal.Signals(-exit_code).name}"
    return f"its process ended with exit code {exit_code}"


def launch(jobs: Sequence[Job], task: Task, hydra_context: HydraContext) -> list[JobReturn]:
    """Train all runs; return their results in the order of the jobs.

    Args:
        jobs: at least one, all with the same ``n_jobs``; each with a number of its own.
        task: trains a run; it is given its configuration and a listener.
        hydra_context: for Hydra's callbacks.
    """
    first = jobs[0].config
    workers.start_server(first.threads_per_run)
    slots = Slots(first.n_jobs, find_gpus(first.threads_per_run))
    name, base = JobRuntime.instance().get("name"), str(version.getbase())

    def start(job: Job, lease: Lease) -> Running:
        context = workers.context(job.config.threads_per_run)
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(
            target=work,
            args=(task, job.composed, hydra_context, name, base, lease.environment(), sender),
            daemon=True,
        )
        process.start()
        sender.close()  # so that the run's end closes the last one
        return Running(job, lease, process, receiver)

    rows = [Row(job.number, _name(job), workload(job.config)) for job in jobs]
    with SweepDisplay(rows) as display:
        results = schedule(jobs, slots, start, display)
    return [results[job.number] for job in jobs]


def _name(job: Job) -> str:
    return " ".join(public(job.composed.hydra.overrides.task))


Start = Callable[[Job, Lease], Running]
Tell = Callable[[int, Event], None]


def schedule(jobs: Sequence[Job], slots: Slots, start: Start, tell: Tell) -> dict[int, JobReturn]:
    """Start jobs, the longest first, whenever there is a slot for one; return what became of them.

    Args:
        jobs: to be done.
        slots: what is free.
        start: starts a job in a process that will send events and at last its JobReturn.
        tell: is told what a run tells, with the job's number.
    """
    queue = sorted(jobs, key=lambda job: workload(job.config), reverse=True)
    running: dict[Connection, Running] = {}
    results: dict[int, JobReturn] = {}
    try:
        while queue or running:
            for job in list(queue):
                if lease := slots.take(job.config):
                    queue.remove(job)
                    run = start(job, lease)
                    running[run.connection] = run
            for run in _next(running, tell):
                slots.give_back(run.lease)
                results[run.job.number] = result = run.result()
                if result.status == JobStatus.FAILED:
                    tell(run.job.number, Ended("FAILED", str(result._return_value)))
    except BaseException:  # Ctrl-C, most of all: no run shall go on without its sweep
        _stop(running, tell)
        raise
    return results


def _next(
    running: dict[Connection, Running], tell: Tell, timeout_seconds: float | None = None
) -> list[Running]:
    """Wait until a run tells something; pass it on. Take out and return those that have ended."""
    ended = []
    for connection in wait(list(running), timeout_seconds):
        assert isinstance(connection, Connection)
        run = running[connection]
        try:
            event = run.receive()
        except (EOFError, OSError):
            ended.append(running.pop(connection))
        else:
            if event:
                tell(run.job.number, event)
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
            run.process.join()
