"""``python -m sweep.predict``: the same as ``sweep predict``."""

import sys

from sweep.commands.cli import run
from sweep.commands.predict import predict
from sweep.pipes import for_a_reader

if __name__ == "__main__":
    for_a_reader(lambda: sys.exit(run(predict, name="python -m sweep.predict")))
