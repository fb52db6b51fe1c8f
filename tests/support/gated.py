"""python -m gated is python -m sweep, but runs wait after their third epoch until a file is there.

So a test can ask something of a sweep while it is known where its runs are, however busy the
machine is. Tests copy this file to where they work.
"""

import time
from pathlib import Path

import sweep.__main__ as program
from sweep import heartbeat
from sweep.commands import train
from sweep.training.selection import EpochRecord

usual_task = train.task
EPOCH, GATE = 3, "gate"


def task(composed, tell):
    def tell_and_wait(event):
        tell(event)
        while isinstance(event, EpochRecord) and event.epoch == EPOCH and not Path(GATE).exists():
            heartbeat.beat()
            time.sleep(0.02)

    return usual_task(composed, tell_and_wait)


if __name__ == "__main__":
    import gated  # by this name, other processes find the task too

    train.task = gated.task
    program.main()
