"""The runs of a sweep on all cores of this machine, each in a process of its own.

A run takes as many cores as it has threads, and a GPU of its own if it trains on one. What is free
takes the next run at once; the longest runs start first, so that none is left over at the end while
other cores have nothing to do.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait

from hydra import version
from hydra.core.utils import JobReturn, JobRuntime, JobStatus
from hydra.types import HydraContext

from sweep import workers
from sweep.config import public
from sweep.devices import find_gpus
from sweep.errors import RunFailed
from sweep.progress import CLAIMED, Ended, Event, Notice, Retried
from sweep.running import Died, Job, Running, failure
from sweep.schema import Config
from sweep.slots import Lease, Slots
from sweep.sweep_display import Row, SweepDisplay
from sweep.worker import Task, work
from sweep.workload import workload

DRAWING = "sweep.run_drawing"  # what runs with figures need
GRACE_SECONDS = 5.0  # for runs to close their records after they were told to stop
POLL_SECONDS = 1.0  # to see whether another sweep has trained what it had claimed


def prepare(config: Config) -> None:
    """Let the processes from which runs are forked load what such a run needs, meanwhile."""
    workers.start_server(config.threads_per_run, *([DRAWING] if config.figures else []))


def launch(jobs: Sequence[Job], task: Task, hydra_context: HydraContext) -> list[JobReturn]:
    """Train all runs; return their results in the order of the jobs.

    A job that was stopped, because another failed, has the status UNKNOWN.

    Args:
        jobs: at least one, all with the same ``n_jobs``; each with a number of its own.
        task: trains a run; it is given its configuration and a listener.
        hydra_context: for Hydra's callbacks.
    """
    first = jobs[0].config
    prepare(first)
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
        workers.start(process)
        sender.close()  # so that the run's end closes the last one
        deadline = time.monotonic() + (job.config.run_timeout or math.inf)
        return Running(job, lease, process, receiver, deadline)

    rows = [Row(job.number, _name(job), workload(job.config)) for job in jobs]
    with SweepDisplay(rows) as display:
        results = schedule(jobs, slots, start, display)
    return [results.get(job.number, JobReturn()) for job in jobs]


def _name(job: Job) -> str:
    return " ".join(public(job.composed.hydra.overrides.task))


Start = Callable[[Job, Lease], Running]
Tell = Callable[[int, Event], None]


def schedule(jobs: Sequence[Job], slots: Slots, start: Start, tell: Tell) -> dict[int, JobReturn]:
    """Start jobs, the longest first, whenever there is a slot for one; return what became of them.

    A run whose process dies is started again, ``max_retries`` times. With ``on_failure=stop`` the
    first failure stops all others, which are then not among the results.

    Args:
        jobs: to be done.
        slots: what is free.
        start: starts a job in a process that will send events and at last its JobReturn.
        tell: is told what a run tells, with the job's number.
    """
    queue = sorted(jobs, key=lambda job: workload(job.config), reverse=True)
    running: dict[Connection, Running] = {}
    results: dict[int, JobReturn] = {}
    retries: Counter[int] = Counter()
    claimed: set[int] = set()
    try:
        while queue or running:
            for job in list(queue):
                if not (lease := slots.take(job.config)):
                    continue
                if job.is_claimed():
                    slots.give_back(lease)
                    if job.number not in claimed:
                        tell(job.number, Notice(CLAIMED))
                    claimed.add(job.number)
                    continue
                claimed.discard(job.number)
                queue.remove(job)
                run = start(job, lease)
                running[run.connection] = run
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
                if result.status == JobStatus.FAILED:
                    tell(number, Ended("FAILED", str(result._return_value)))
                    if job.config.on_failure == "stop":
                        queue.clear()
                        _stop(running, tell)
    except BaseException:  # Ctrl-C, most of all: no run shall go on without its sweep
        _stop(running, tell)
        raise
    return results


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
            run.process.join()
