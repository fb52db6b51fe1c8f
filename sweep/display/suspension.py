"""The terminal's cursor, which a live table hides, while Ctrl-Z suspends the program."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from rich.console import Console


@contextmanager
def cursor_shown_while_suspended(console: Console) -> Iterator[None]:
    """Give the shell its cursor back for as long as the program is suspended.

    Only the main thread can see to that; in another, nothing is done.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def suspend(number: int, frame: FrameType | None) -> None:
        console.show_cursor(True)
        signal.signal(number, usual)
        signal.raise_signal(number)  # here it stops, until `fg` or `bg`
        signal.signal(number, suspend)
        console.show_cursor(False)

    usual = signal.signal(signal.SIGTSTP, suspend)
    try:
        yield
    finally:
        signal.signal(signal.SIGTSTP, usual)
