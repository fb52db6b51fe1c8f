import io
import signal
import threading

import pytest
from rich.console import Console

from sweep.display.suspension import cursor_shown_while_suspended

HIDDEN, SHOWN = "\x1b[?25l", "\x1b[?25h"


@pytest.fixture
def console():
    return Console(file=io.StringIO(), force_terminal=True, _environ={})


@pytest.fixture
def suspensions(console):
    """What was on the terminal whenever the program would have been suspended."""
    found = []
    kept = signal.signal(signal.SIGTSTP, lambda *_: found.append(console.file.getvalue()))
    yield found
    signal.signal(signal.SIGTSTP, kept)


def test_the_shell_has_its_cursor_while_the_program_is_suspended(console, suspensions):
    with cursor_shown_while_suspended(console):
        console.show_cursor(False)
        for _ in range(2):
            signal.raise_signal(signal.SIGTSTP)
    assert suspensions == [HIDDEN + SHOWN, (HIDDEN + SHOWN) * 2]
    assert console.file.getvalue() == (HIDDEN + SHOWN) * 2 + HIDDEN
    signal.raise_signal(signal.SIGTSTP)
    assert len(suspensions) == 3
    assert console.file.getvalue().endswith(HIDDEN)


def test_another_thread_changes_nothing(console, suspensions):
    def suspend():
        with cursor_shown_while_suspended(console):
            signal.raise_signal(signal.SIGTSTP)

    thread = threading.Thread(target=suspend)
    thread.start()
    thread.join()
    assert console.file.getvalue() == ""
    assert suspensions == [""]
