"""Processes that do not outlive this one for long, even if they hear nothing any more.

A run notices that its sweep was killed, closes its record and ends. It cannot if it is stopped, or
hangs in a library that keeps Python's lock. Such a one is killed by a guardian: a small process
that does nothing else, and is gone when nothing is left to guard. It has a session of its own,
since Ctrl-C is not for it, and none of this process's files: who reads the output of a command, as
in ``sweep ... | tee log``, does not wait for it.

This takes what Linux has since 5.3, and no other system.
"""

import fcntl
import functools
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.process import BaseProcess

from sweep.execution.local import guardian

GRACE_SECONDS = 30.0  # more than a run takes that hears: ORPHAN_SECONDS in worker.py
APART = ("-I", "-S")  # Python without the user's settings, modules and packages
NOT_STANDARD = 3  # the first descriptor that is not for input and output, which may be closed


def guard(process: BaseProcess) -> None:
    """Let a process that has just been started be killed if it goes on when this one has ended."""
    if (numbers := _numbers()) is not None:
        with suppress(OSError):  # somebody has killed the guardian: what it guards goes on
            os.write(numbers, f"{process.pid}\n".encode())


@functools.cache
def _numbers() -> int | None:
    """Start the guardian of this process; return the descriptor by which it takes numbers.

    None where there can be no guardian: on another system, or an older one, or where it cannot be
    started.
    """
    if not (hasattr(os, "pidfd_open") and sys.executable):
        return None
    try:
        with _this_process() as this_process:
            started = subprocess.Popen(
                [sys.executable, *APART, guardian.__file__, str(this_process), str(GRACE_SECONDS)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[this_process],
                start_new_session=True,
            )
        started.returncode = 0  # nobody waits for it, and Python is not to warn of that
        assert started.stdin
        with started.stdin as stdin:
            return _copied(stdin.fileno())
    except OSError:
        return None


@contextmanager
def _this_process() -> Iterator[int]:
    """Yield a descriptor of this process."""
    opened = os.pidfd_open(os.getpid())
    try:
        copy = _copied(opened)
    finally:
        os.close(opened)
    try:
        yield copy
    finally:
        os.close(copy)


def _copied(descriptor: int) -> int:
    """Return another one, which is never taken for the standard output of a process."""
    return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, NOT_STANDARD)
