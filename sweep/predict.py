"""``python -m sweep.predict``: the same as ``sweep predict``."""

import sys

from sweep.commands.cli import run
from sweep.commands.predict import predict

if __name__ == "__main__":
    sys.exit(run(predict, name="python -m sweep.predict"))
