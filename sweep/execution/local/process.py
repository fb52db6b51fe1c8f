"""A process of this machine, which has ended when the system says so.

``multiprocessing`` asks the server that has forked it. Where that server was killed, it takes each
of its processes for one that has ended with exit code 255, and sends no signal to it any more,
while it may be at work for hours.
"""

import math
import os
import signal
import time
from contextlib import suppress
from multiprocessing.process import BaseProcess

LOST = 255  # the exit code of a process whose server has ended, too
LOOK_SECONDS = 0.05  # between two looks at a process of whose end nobody tells
PROCESSES = "/proc"
STATE, BEGINNING = 0, 19  # among what follows the name of the program
ENDED = (b"Z", b"X")  # states of a process that only waits for somebody to hear of its end


class LocalProcess:
    """Does what ``multiprocessing`` does, also to a process that has outlived its server."""

    def __init__(self, process: BaseProcess) -> None:
        """Take a process that has just been started."""
        self._process = process
        self._birth = birth(process.pid)

    @property
    def pid(self) -> int | None:
        """Its number."""
        return self._process.pid

    @property
    def exitcode(self) -> int | None:
        """None as long as it goes on; LOST if nobody is left who knows how it ended."""
        code = self._process.exitcode
        return None if code == LOST and self._is_there() else code

    def _is_there(self) -> bool:
        return self._birth is not None and birth(self.pid) == self._birth

    def terminate(self) -> None:
        """Tell it to stop."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """Make it stop."""
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        if self.pid is not None and self.exitcode is None:
            with suppress(ProcessLookupError):  # it has ended just now
                os.kill(self.pid, number)

    def join(self, timeout: float | None = None) -> None:
        """Wait until it has ended, or so many seconds have passed."""
        deadline = time.monotonic() + (math.inf if timeout is None else timeout)
        self._process.join(timeout)
        while self.exitcode is None and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)


def birth(pid: int | None) -> bytes | None:
    """Return when a process began, which tells it from a later one of its number; None if it ended.

    It is in ticks since the system started: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html.
    Of a system that does not tell it, all processes are taken for equally old.
    """
    if pid is None:
        return None
    if not os.path.exists(f"{PROCESSES}/self/stat"):
        return b"" if _is_taken(pid) else None
    try:
        with open(f"{PROCESSES}/{pid}/stat", "rb") as stat:  # pathlib takes long to import
            told = stat.read()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = told.rpartition(b")")[2].split()
    return None if fields[STATE] in ENDED else fields[BEGINNING]


def _is_taken(pid: int) -> bool:
    """Return whether there is a process of this number that is ours."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True
