"""``python -m sweep.leaderboard``: the same as ``sweep leaderboard``."""

import sys

from sweep.commands.cli import run
from sweep.commands.leaderboard import leaderboard

if __name__ == "__main__":
    sys.exit(run(leaderboard, name="python -m sweep.leaderboard"))
