"""python -m stepped is python -m sweep, but runs wait after each epoch that they may not go beyond.

How many epochs they may train is in a file, so that a test knows where they are, however fast or
busy the machine is. Tests copy this file to where they work.
"""

import os
import time
from pathlib import Path

import sweep.__main__ as program
from sweep import heartbeat
from sweep.commands import train
from sweep.sweeps import single
from sweep.training.selection import EpochRecord

usual_task = train.task
ALLOWED = "allowed_epochs"


def allow(folder, epochs):
    """Let runs in a folder train so many epochs."""
    file = Path(folder) / f"{ALLOWED}.tmp"
    file.write_text(str(epochs))
    os.replace(file, Path(folder) / ALLOWED)


def waiting(tell):
    """Return what tells something, and waits after an epoch until more are allowed."""

    def tell_and_wait(event):
        tell(event)
        while isinstance(event, EpochRecord) and event.epoch >= int(Path(ALLOWED).read_text()):
            heartbeat.beat()
            time.sleep(0.02)

    return tell_and_wait


def task(composed, tell=None):
    if tell:
        return usual_task(composed, waiting(tell))
    # A run alone is trained in a fork of this process: who tells there has to wait there.
    train_in_fork = single._announced_and_trained
    single._announced_and_trained = lambda *given: train_in_fork(*given[:-1], waiting(given[-1]))
    return usual_task(composed)


if __name__ == "__main__":
    import stepped  # by this name, other processes find the task too

    train.task = stepped.task
    program.main()
