"""``python -m sweep.predict``."""

import sys

from sweep.commands.predict import main

if __name__ == "__main__":
    sys.exit(main())
