"""``python -m sweep.report``: the same as ``sweep report``."""

import sys

from sweep.commands.cli import run
from sweep.commands.report import report
from sweep.pipes import for_a_reader

if __name__ == "__main__":
    for_a_reader(lambda: sys.exit(run(report, name="python -m sweep.report")))
