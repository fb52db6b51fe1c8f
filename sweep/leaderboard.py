"""``python -m sweep.leaderboard``."""

import sys

from sweep.results.leaderboard import main

if __name__ == "__main__":
    sys.exit(main())
