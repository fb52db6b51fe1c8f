"""``python -m sweep.leaderboard``."""

import sys

from sweep.commands.leaderboard import main

if __name__ == "__main__":
    sys.exit(main())
