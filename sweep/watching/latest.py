"""What was read last, however many ask for it: read again now and then, and only while asked."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from sweep.errors import UserError

PATIENCE_SECONDS = 2.0  # that who asks waits for something new; then the old one will do
SHARE = 0.1  # of the time may be spent with reading: a large sweep is read less often

T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Seen(Generic[T]):
    """What was read.

    Attributes:
        value: None before it could be read for the first time.
        at_ms: when, since 1970; 0 before that.
        trouble: why it could not be read since, in a line; None if it could.
    """

    value: T | None
    at_ms: int
    trouble: str | None


class Latest(Generic[T]):
    """Reads something in a thread of its own, so that nobody who asks waits for a slow record."""

    def __init__(self, read: Callable[[], T], least_seconds: float) -> None:
        """Read nothing before somebody asks.

        Args:
            read: returns what is there now. May raise anything; then what was read before stays.
            least_seconds: from the end of one reading to the beginning of the next.
        """
        self._read, self._least_seconds = read, least_seconds
        self._seen: Seen[T] = Seen(None, 0, None)
        self._rested = 0.0  # when it may be read again, by the monotonic clock
        self._is_asked = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def get(self) -> Seen[T]:
        """Return what was read last; of something old, what is new if that comes soon."""
        with self._changed:
            if not self._thread:
                self._thread = threading.Thread(target=self._keep_reading, daemon=True)
                self._thread.start()
            if time.monotonic() >= self._rested:
                before, self._is_asked = self._seen, True
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._seen is not before, PATIENCE_SECONDS)
            return self._seen

    def _keep_reading(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._is_asked)
            begin = time.monotonic()
            seen = self._read_once()
            took = time.monotonic() - begin
            with self._changed:
                self._seen, self._is_asked = seen, False
                self._rested = time.monotonic() + max(self._least_seconds, took / SHARE)
                self._changed.notify_all()

    def _read_once(self) -> Seen[T]:
        try:
            return Seen(self._read(), int(time.time() * 1000), None)
        except UserError as error:
            trouble = str(error)
        except Exception as error:  # a page that says so is worth more than none
            log.warning("could not be read", exc_info=error)
            trouble = f"{type(error).__name__}: {' '.join(str(error).split())}"
        return Seen(self._seen.value, self._seen.at_ms, trouble)
