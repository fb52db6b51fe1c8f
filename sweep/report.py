"""``python -m sweep.report``."""

import sys

from sweep.commands.report import main

if __name__ == "__main__":
    sys.exit(main())
