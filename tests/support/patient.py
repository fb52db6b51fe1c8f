"""python -m patient is python -m sweep, but who is told of its end has two minutes to take it in.

Tests copy this file to where they work.
"""

import sweep.__main__ as program
from sweep import notifying

SECONDS = 120.0

if __name__ == "__main__":
    notifying.MOST_SECONDS = notifying.ANSWER_SECONDS = SECONDS
    program.main()
