"""An output that nobody reads any more, as after ``| head``: no error, and no traceback."""

import os
import select
import signal
import sys
from collections.abc import Callable


def for_a_reader(application: Callable[[], object], output: int = 1) -> None:
    """Run a program; end it in silence, as SIGPIPE would, when its output is not read any more.

    Args:
        application: prints, and may end by SystemExit.
        output: the descriptor that it prints to.
    """
    try:
        try:
            application()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        if not _is_read(output):
            os._exit(128 + signal.SIGPIPE)
        raise


def _is_read(output: int) -> bool:
    """Return whether the output has a reader; it has none after ``| head`` has ended."""
    events = select.poll()
    events.register(output, 0)  # errors are always told
    return not any(each & select.POLLERR for _, each in events.poll(0))
