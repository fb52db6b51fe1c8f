"""Processes that do not outlive this one for long, even if they hear nothing any more.

A run notices that its sweep was killed, closes its record and ends. It cannot if it is stopped, or
hangs in a library that keeps Python's lock. Such a one is killed by a guardian: a small process
that does nothing else, and is gone when nothing is left to guard. It has a session of its own,
since Ctrl-C is not for it, and none of this process's files: who reads the output of a command, as
in ``sweep ... | tee log``, does not wait for it.

This takes what Linux has since 5.3, and no other system.
"""

import functools
import os
import subprocess
import sys
from contextlib import suppress
from multiprocessing.process import BaseProcess

from sweep.execution.local import guardian

GRACE_SECONDS = 30.0  # more than a run takes that hears: ORPHAN_SECONDS in worker.py
APART = ("-I", "-S")  # Python without the user's settings, modules and packages


def guard(process: BaseProcess) -> None:
    """Let a process that has just been started be killed if it goes on when this one has ended."""
    if (told := _guardian()) and told.stdin:
        with suppress(OSError):  # somebody has killed the guardian: what it guards goes on
            os.write(told.stdin.fileno(), f"{process.pid}\n".encode())


@functools.cache
def _guardian() -> "subprocess.Popen[bytes] | None":
    """Start the guardian of this process; return None where there can be none."""
    try:
        this_process = os.pidfd_open(os.getpid())
    except (AttributeError, OSError):  # another system, or an older one
        return None
    try:
        return subprocess.Popen(
            [sys.executable, *APART, guardian.__file__, str(this_process), str(GRACE_SECONDS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[this_process],
            start_new_session=True,
        )
    finally:
        os.close(this_process)
