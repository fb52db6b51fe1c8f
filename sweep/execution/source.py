"""Jobs that are not known beforehand: a search suggests each from what became of those before."""

from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from typing import Protocol

from hydra.core.utils import JobReturn

from sweep.execution.job import Job

WAIT_SECONDS = 0.05  # for an answer, before the scheduler turns to its runs


class JobSource(Protocol):
    """Where jobs come from while others train."""

    def next(self) -> Job | None:
        """Return the next job; None if there is no more, or none now."""

    def finished(self, job: Job, result: JobReturn) -> None:
        """Take in what became of a job."""


class BackgroundSource:
    """A source that is asked, and told, in a thread of its own, one thing after the other.

    So a record or a storage that does not answer for minutes keeps nobody waiting but itself: the
    runs that train are heard, and ended when they take too long.
    """

    def __init__(self, source: JobSource) -> None:
        """Take the source, which may take its time."""
        self._source = source
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="job-source")
        self._asked: Future[Job | None] | None = None
        self._told: list[Future[None]] = []
        self._is_outdated = False  # what was asked, since more was told

    has_more = True  # for all that is known before it is asked

    @property
    def is_busy(self) -> bool:
        """Whether the source has yet to take in what it was told, or to answer."""
        return self.is_behind or bool(self._asked)

    @property
    def is_behind(self) -> bool:
        """Whether the source has yet to take in what it was told."""
        self._told = [each for each in self._told if not _is_over(each)]
        return bool(self._told)

    def next(self) -> Job | None:
        """Return the next job; None if there is no more, none now, or no answer yet."""
        if self._asked is None:
            self._asked = self._thread.submit(self._source.next)
            self._is_outdated = False
        try:
            job = self._asked.result(WAIT_SECONDS)
        except NotYet:
            return None
        self._asked = None
        if job is None and self._is_outdated:  # what has ended meanwhile may let another go on
            return self.next()
        return job

    def finished(self, job: Job, result: JobReturn) -> None:
        """Let the source take in what became of a job."""
        self._is_outdated = True
        self._told.append(self._thread.submit(self._source.finished, job, result))

    def close(self) -> None:
        """Ask and tell nothing more."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def _is_over(future: "Future[None]") -> bool:
    """Return whether a call has returned; raise what it raised."""
    return future.done() and future.result() is None


class NoSource:
    """All jobs are known beforehand."""

    has_more = is_busy = is_behind = False

    def next(self) -> None:
        """There is no more."""

    def finished(self, job: Job, result: JobReturn) -> None:
        """Nothing depends on it."""

    def close(self) -> None:
        """There is nothing to close."""
