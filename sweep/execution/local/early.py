"""The server from which runs are forked, started when nothing is known but the command itself.

It imports for seconds, and reading the configuration takes seconds, too: this way both are done at
once. What is guessed wrong is mended when the configuration is known.
"""

from collections.abc import Sequence

from sweep.execution.local.fork_server import guess_server

SWEEPS = ("-m", "--multirun")
LAUNCHER, LOCAL = "hydra/launcher", "local"
THREADS, ONE = "threads_per_run", "1"


def start_early(given: Sequence[str]) -> None:
    """Start the server, if a command is a sweep whose runs will be forked on this machine.

    Args:
        given: the command's arguments.
    """
    chosen = dict(each.lstrip("+").split("=", 1) for each in given if "=" in each)
    threads = chosen.get(THREADS, ONE)
    is_here = chosen.get(LAUNCHER, LOCAL) == LOCAL
    if {*SWEEPS} & {*given} and is_here and threads.isdecimal() and int(threads):
        guess_server(int(threads))
