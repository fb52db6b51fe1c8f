"""Ends what outlives its sweep and hears nothing. A program of its own: see ``guarded.py``.

    python guardian.py SWEEP GRACE_SECONDS

SWEEP is a descriptor of the sweep's process, and the numbers of those that it starts come by the
standard input, one a line. The guardian opens descriptors of these, too. From then on no other
process is taken for one of them; before, only if one ends at once and its number is given again:
https://man7.org/linux/man-pages/man2/pidfd_open.2.html.

It imports next to nothing, since each sweep has one beside it all the time.
"""

import os
import select
import signal
import sys
import time
from collections.abc import Iterable, Iterator

NUMBERS = 0  # the descriptor by which they come
PIPE_BYTES = 1 << 16  # more is never in it


def guard(sweep: int, grace_seconds: float) -> None:
    """Wait until the sweep has ended, then for its processes; kill those that take too long."""
    processes = _left_by(sweep)
    deadline = time.monotonic() + grace_seconds
    while processes and (left := deadline - time.monotonic()) > 0:
        processes -= _ready(processes, left)
    for each in processes:
        try:
            signal.pidfd_send_signal(each, signal.SIGKILL)
        except OSError:  # it has just ended, or is another user's by now: the others are left
            continue


def _left_by(sweep: int) -> set[int]:
    """Wait until the sweep has ended; return its processes that have not."""
    processes: set[int] = set()
    waits_for = {sweep, NUMBERS}
    while sweep in waits_for:
        found = _ready(waits_for | processes)
        for each in found & processes:
            processes.remove(each)
            os.close(each)
        if NUMBERS in found:
            numbers = os.read(NUMBERS, PIPE_BYTES).split()
            processes.update(_opened(map(int, numbers)))
            found -= {NUMBERS} if numbers else set()  # else nobody is left who could send any
        waits_for -= found
    return processes


def _opened(numbers: Iterable[int]) -> Iterator[int]:
    """Yield descriptors of those processes that have not ended yet, and can be watched."""
    for number in numbers:
        try:
            yield os.pidfd_open(number)
        except OSError:  # it has ended, or the system has no descriptor left
            continue


def _ready(descriptors: set[int], seconds: float | None = None) -> set[int]:
    """Wait for one to be ready, as that of a process is that has ended; return all that are.

    Args:
        descriptors: to wait for.
        seconds: after which none may be; None to wait for as long as it takes.
    """
    poll = select.poll()
    for each in descriptors:
        poll.register(each, select.POLLIN)
    return {each for each, _ in poll.poll(None if seconds is None else 1000 * seconds)}


if __name__ == "__main__":
    guard(int(sys.argv[1]), float(sys.argv[2]))
