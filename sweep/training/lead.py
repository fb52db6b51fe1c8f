"""Limits how many batches Python queues ahead of MXNet's engine."""

import time
from collections.abc import Sequence
from typing import Any

from sweep.heartbeat import beat

BATCHES_AHEAD = 16  # at first; later as many as are waited for together, twice
WAIT_SECONDS = 0.1  # that batches which are waited for together take


class Lead:
    """Waits for earlier batches.

    MXNet runs what it is given later, in threads of its own, and Python handles a signal only when
    it is not inside a call that waits for them. So a signal must never be kept waiting for a whole
    epoch, and slow batches are waited for one by one. But each time two threads of one core take
    turns, which is a tenth of the work of a small network's batch: fast ones are waited for
    together.
    """

    def __init__(self, at_once: int) -> None:
        """Begin with the first batch.

        Args:
            at_once: batches at most that are waited for together.
        """
        self._most, self._at_once = at_once, 1
        self._done, self._done_at = 0, time.monotonic()

    def keep(self, results: Sequence[Any]) -> None:
        """Give a sign of life, and wait for batches until the lead is no longer too long.

        Args:
            results: an array of each batch so far, of which the last was just asked for.
        """
        beat()
        while len(results) - self._done >= max(BATCHES_AHEAD, 2 * self._at_once):
            self._done += self._at_once
            results[self._done - 1].wait_to_read()
            beat()
            now = time.monotonic()
            seconds = (now - self._done_at) / self._at_once  # of a batch
            self._done_at = now
            self._at_once = max(1, min(self._most, int(WAIT_SECONDS / max(seconds, 1e-9))))
