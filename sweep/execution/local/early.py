"""The server that runs are forked from, started before the command knows its runs.

What it imports takes longer than all else that comes before the first run. So it is started by what
is typed, as soon as there is a process; where a file says something else, it is started anew.
"""

import os
import re
import signal
from collections.abc import Sequence
from types import FrameType

from sweep.execution.local.fork_server import DRAWING, guess_server, kill_server
from sweep.signals import STOPPING

OF_A_SWEEP = {"--multirun", "-m"}
LAUNCHER = "local"  # the one that uses it, and the usual one
THREADS = "1"  # of a run, as usual
LIKELY = re.compile(r"[1-9][0-9]{0,2}")  # whoever wants more threads may wait


def start_as_typed(given: Sequence[str]) -> None:
    """Start the server if the arguments of a command ask for a sweep on this machine."""
    fields = dict(each.partition("=")[::2] for each in given)
    threads = fields.get("threads_per_run", THREADS)
    is_sweep = not OF_A_SWEEP.isdisjoint(given)
    is_here = fields.get("hydra/launcher", LAUNCHER) == LAUNCHER
    if is_sweep and is_here and LIKELY.fullmatch(threads):
        for each in STOPPING:
            if signal.getsignal(each) is signal.SIG_DFL:
                signal.signal(each, _end)
        guess_server(int(threads), *(() if fields.get("figures") == "false" else (DRAWING,)))


def _end(number: int, frame: FrameType | None) -> None:
    """End by a signal as a process does that has asked for nothing else, and the server with it."""
    kill_server()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
