"""``python -m sweep.reproduce``."""

import sys

from sweep.runs.reproduce import main

if __name__ == "__main__":
    sys.exit(main())
