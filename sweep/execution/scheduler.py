"""When runs start, and what becomes of them: on whatever machines they are trained.

What is free takes the next run at once; the longest runs start first, so that none is left over at
the end while other cores have nothing to do.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait

from hydra.core.utils import JobReturn, JobStatus

from sweep.config.schema import Tracking
from sweep.errors import RunFailed
from sweep.execution.job import Executor, Job, ProcessDied, Running, failure
from sweep.execution.job_table import JobTable, Listener, in_turn
from sweep.execution.source import BackgroundSource, JobSource, NoSource
from sweep.execution.steering import NotSteered, Steering
from sweep.execution.watch import GRACE_SECONDS
from sweep.execution.worker import not_begun
from sweep.runs.events import CLAIMED, Ended, Notice, Retried
from sweep.tracking import close_as_failed

CLAIMED_SECONDS = 1.0  # to see whether another sweep has trained what it had claimed
BUSY_SECONDS = 0.1  # to see whether a source has an answer


class Scheduler:
    """Starts jobs, the longest first, whenever there is room for one, and sees them end.

    A run whose process dies is started again, ``max_retries`` times. With ``on_failure=stop`` the
    first failure stops all others.
    """

    def __init__(
        self,
        executor: Executor,
        jobs: Sequence[Job],
        listener: Listener,
        source: JobSource | None = None,
        close: Callable[[Tracking, str, RunFailed], None] | None = None,
        steering: Steering | None = None,
    ) -> None:
        """Take what is to be done.

        Args:
            executor: trains it.
            jobs: each with a number of its own.
            listener: is told what becomes of them.
            source: is asked for one more job whenever there is room and none is queued.
            close: closes the record of a run, of this id, whose process died for this reason; None
                for doing it in this process.
            steering: what users ask of it meanwhile; None if they cannot.
        """
        self._executor, self._capacity = executor, executor.capacity
        self._listener, self._close = listener, close or close_as_failed
        self._source = BackgroundSource(source) if source else NoSource()
        self._steering = steering or NotSteered()
        self._table = JobTable(executor.capacity, listener, self._source.finished)
        self._queue, self._running = self._table.queue, self._table.running
        self._results = self._table.results
        self._retries: Counter[int] = Counter()
        self._claimed: set[int] = set()  # by other sweeps
        self._is_stopped = False
        self._is_crowded = False  # the system has nothing left for one more run
        for job in in_turn(jobs):
            self._add(job)

    def run(self) -> dict[int, JobReturn]:
        """Do all that is to be done; return what became of each job, by its number.

        Jobs that were stopped because another failed are not among the results.
        """
        try:
            self._steering.begin()
            while True:
                for job in () if self._is_stopped else self._steering.look(self._table):
                    self._add(job)
                self._start_queued()
                self._start_from_source()
                if self._is_over():
                    return self._results
                for run in self._wait(self._patience()):
                    self._conclude(run)
        except BaseException:  # Ctrl-C, most of all: no run shall go on without its sweep
            self._stop()
            raise
        finally:
            self._source.close()
            self._steering.close()

    def _is_over(self) -> bool:
        if self._queue or self._running:
            return False
        if self._is_stopped:  # nobody takes what a source still answers
            return not self._source.is_behind
        is_paused = self._steering.is_paused and self._source.has_more
        return not (self._source.is_busy or self._steering.is_busy or is_paused)

    def _add(self, job: Job) -> None:
        if self._is_stopped:  # since one has failed
            return
        self._table.add(job)

    def _start_queued(self) -> None:
        for job in list(self._queue):
            if not self._may_start:
                return
            self._try_to_start(job)
            if job.number == self._table.first and self._waits_for_room(job):
                return

    def _waits_for_room(self, job: Job) -> bool:
        is_queued = any(each is job for each in self._queue)
        return is_queued and job.number not in self._claimed and not self._is_in_progress(job.chain)

    def _start_from_source(self) -> None:
        while self._wants_more() and (job := self._source.next()):
            self._add(job)
            self._try_to_start(job)

    def _wants_more(self) -> bool:
        is_waiting = any(
            job.number not in self._claimed and not self._is_in_progress(job.chain)
            for job in self._queue
        )
        return self._may_start and not is_waiting

    @property
    def _may_start(self) -> bool:
        is_held = self._is_stopped or self._is_crowded or self._steering.is_paused
        return self._capacity.is_free and not is_held

    def _try_to_start(self, job: Job) -> None:
        """Start a job, unless what it needs is taken, or is being trained here or elsewhere."""
        if self._is_in_progress(job.chain):
            return
        if not (resources := self._capacity.acquire(job.config)):
            return
        if job.is_claimed():
            self._capacity.release(resources)
            if job.number not in self._claimed:
                self._listener(job.number, Notice(CLAIMED))
            self._claimed.add(job.number)
            return
        self._claimed.discard(job.number)
        try:
            run = self._executor.start(job, resources)
        except OSError as error:
            self._capacity.release(resources)
            self._is_crowded = bool(self._running)  # when one of these ends, there is room again
            if not self._is_crowded:
                self._table.take(job)
                self._take_result(job, not_begun(job.composed, error), None)
            return
        self._table.take(job)
        self._running[run.connection] = run

    def _is_in_progress(self, chain: str) -> bool:
        return bool(chain) and any(run.job.chain == chain for run in self._running.values())

    def _patience(self) -> float:
        """Return the seconds after which to look again, though no run has told anything."""
        if self._source.is_busy:
            return BUSY_SECONDS
        return min(CLAIMED_SECONDS if self._claimed else math.inf, self._steering.seconds)

    def _wait(self, seconds: float) -> list[Running]:
        """Wait until a run tells something; pass it on. Take out and return those that have ended.

        Args:
            seconds: to wait at most. Runs that take too long meanwhile, or hang, are ended.
        """
        patience = [seconds, *(run.watch.seconds_left for run in self._running.values())]
        left = max(0.0, min(patience))
        ended = []
        for connection in wait(list(self._running), None if left == math.inf else left):
            assert isinstance(connection, Connection)
            run = self._running[connection]
            try:
                event = run.receive()
            except (EOFError, OSError):
                ended.append(self._running.pop(connection))
            else:
                if event:
                    self._listener(run.job.number, event)
        for connection, run in list(self._running.items()):
            run.watch.look()
            if run.watch.is_dead and not connection.poll():  # what it has started holds the line
                ended.append(self._running.pop(connection))
        return ended

    def _conclude(self, run: Running) -> None:
        """Take in how a run ended: it is done, has failed, or is started again."""
        self._capacity.release(run.resources)
        self._is_crowded = False
        job, number = run.job, run.job.number
        if run.run_id:
            self._table.run_ids[number] = run.run_id
        try:
            if run.is_killed and run.goes_on:
                run.process.join()
                if self._steering.record_killed(run):
                    self._table.end_killed(job)
                    return
                run.ended = "FINISHED"  # before it could tell
                self._listener(number, Ended(run.ended))
            result = run.wait()
        except ProcessDied as died:
            error = RunFailed(str(died))
            if run.run_id and not run.is_closed:
                self._close(job.config.tracking, run.run_id, error)
            if self._retries[number] < job.config.max_retries and not self._is_stopped:
                self._retries[number] += 1
                retried = Retried(str(died), self._retries[number], job.config.max_retries)
                self._listener(number, retried)
                self._table.put_back(job)
                return
            result = failure(job, error)
        if run.is_paused and run.is_completed:
            if not self._is_stopped:
                self._table.put_back(job)
            return
        self._take_result(job, result, run.run_id)

    def _take_result(self, job: Job, result: JobReturn, run_id: str | None) -> None:
        """Take in what came of a job that is over; record a failure that no run has recorded."""
        number = job.number
        if result.status == JobStatus.FAILED and not run_id:
            job.record_failure(result._return_value)
        self._results[number] = result
        self._source.finished(job, result)
        if result.status == JobStatus.FAILED:
            self._listener(number, Ended("FAILED", str(result._return_value)))
            if job.config.on_failure == "stop":
                self._is_stopped = True
                self._queue.clear()
                self._stop()

    def _stop(self) -> None:
        """Tell all runs to stop; kill those that have not after the grace, or a second Ctrl-C.

        The grace begins when all were told: where each must be told by a program of its own, as
        under SLURM, that takes a while. It is not cut short where nobody reads what is shown of it.
        """
        runs = [*self._running.values()]
        try:
            for run in runs:
                run.process.terminate()
            deadline = time.monotonic() + GRACE_SECONDS
            while self._running and (left := deadline - time.monotonic()) > 0:
                with suppress(OSError):
                    self._wait(left)
        finally:
            for run in self._running.values():
                run.process.kill()
            for run in runs:
                run.process.join()
            self._running.clear()
