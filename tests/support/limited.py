"""python -m limited is python -m sweep, but files that a run writes may be no longer than 2 MiB.

The record fits in, and a checkpoint of 3 MB does not. Tests copy this file to where they work.
"""

import resource

import sweep.__main__ as program
from sweep.commands import train

usual_task = train.task
BYTES = 2 << 20


def task(composed, tell=None):
    resource.setrlimit(resource.RLIMIT_FSIZE, (BYTES, BYTES))
    return usual_task(composed, tell)


if __name__ == "__main__":
    train.task = task
    program.main()
