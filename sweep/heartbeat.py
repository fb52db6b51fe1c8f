"""A run's signs of life: whatever works gives them, for whoever watches the run's process.

A run has a process of its own. So what works there, however deep below, need not be handed whom to
tell: it calls :func:`beat`, from the main thread, whenever it has got on by a step.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SECONDS = 1.0  # between two signs, so that steps of microseconds cost nothing


def _nobody() -> None:
    """Tell nobody: this process is not watched."""


_tell: Callable[[], None] = _nobody
_tell_waiting: Callable[[], None] = _nobody
_next = 0.0


def tell_by(tell: Callable[[], None], tell_waiting: Callable[[], None] = _nobody) -> None:
    """Take what passes on this process's signs of life from now on.

    Args:
        tell: says that it got on by a step.
        tell_waiting: says that it waits for somebody else, who can take longer than any step.
    """
    global _tell, _tell_waiting, _next
    _tell, _tell_waiting, _next = tell, tell_waiting, 0.0


def beat() -> None:
    """Give a sign of life, unless there was one just now."""
    global _next
    now = time.monotonic()
    if now >= _next:
        _next = now + SECONDS
        _tell()


@contextmanager
def waiting() -> Iterator[None]:
    """Say that this process waits for somebody else, until it does so no more."""
    _tell_waiting()
    try:
        yield
    finally:
        _tell()
