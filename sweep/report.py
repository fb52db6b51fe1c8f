"""``python -m sweep.report``: the same as ``sweep report``."""

import sys

from sweep.commands.cli import run
from sweep.commands.report import report

if __name__ == "__main__":
    sys.exit(run(report, name="python -m sweep.report"))
