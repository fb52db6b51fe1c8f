"""What is being done before anything trains, told to a person who waits at a terminal.

It goes where errors go, so that what a command prints can be piped. This imports nothing that takes
long: the first line is there before the libraries are.
"""

import sys
from collections.abc import Sequence

LOOKS = ("--help", "-h", "--hydra-help", "--cfg", "-c", "--info", "-i", "--shell-completion", "-sc")


def tell(line: str) -> None:
    """Print a line if somebody is at a terminal."""
    if sys.stderr.isatty():
        print(line, file=sys.stderr, flush=True)


def asks_to_train(given: Sequence[str]) -> bool:
    """Return whether the arguments ask for more than a look at help or at the configuration."""
    return not {each.partition("=")[0] for each in given} & {*LOOKS}
