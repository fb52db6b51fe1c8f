"""``python -m sweep.reproduce``: the same as ``sweep reproduce``."""

import sys

from sweep.commands.cli import run
from sweep.commands.reproduce import reproduce

if __name__ == "__main__":
    sys.exit(run(reproduce, name="python -m sweep.reproduce"))
