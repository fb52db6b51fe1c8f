"""``python -m sweep.leaderboard``: the same as ``sweep leaderboard``."""

import sys

from sweep.commands.cli import run
from sweep.commands.leaderboard import leaderboard
from sweep.pipes import for_a_reader

if __name__ == "__main__":
    for_a_reader(lambda: sys.exit(run(leaderboard, name="python -m sweep.leaderboard")))
