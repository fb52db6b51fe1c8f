"""The server that runs are forked from, started before the command knows its runs.

What it imports takes longer than all else that comes before the first run. So it is started by what
is typed, as soon as there is a process; where a file says something else, it is started anew.
"""

from collections.abc import Sequence

from sweep.execution.local.fork_server import DRAWING, guess_server

OF_A_SWEEP = {"--multirun", "-m"}
LAUNCHER = "local"  # the one that uses it, and the usual one
THREADS = "1"  # of a run, as usual


def start_as_typed(given: Sequence[str]) -> None:
    """Start the server if the arguments of a command ask for a sweep on this machine."""
    fields = dict(each.partition("=")[::2] for each in given)
    threads = fields.get("threads_per_run", THREADS)
    is_sweep = not OF_A_SWEEP.isdisjoint(given)
    if is_sweep and fields.get("hydra/launcher", LAUNCHER) == LAUNCHER and threads.isdecimal():
        guess_server(int(threads), *(() if fields.get("figures") == "false" else (DRAWING,)))
