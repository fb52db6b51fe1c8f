"""``python -m sweep.reproduce``: the same as ``sweep reproduce``."""

import sys

from sweep.commands.cli import run
from sweep.commands.reproduce import reproduce
from sweep.pipes import for_a_reader

if __name__ == "__main__":
    for_a_reader(lambda: sys.exit(run(reproduce, name="python -m sweep.reproduce")))
