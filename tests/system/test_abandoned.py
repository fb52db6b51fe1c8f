"""What a process trains is not taken for left behind while it lives."""

import subprocess
import sys

import pytest
from left_behind import KILLED, RUNNING, recorder, state
from record import new_record

from sweep.runs.locks import RunLocks
from sweep.runs.resume import close_abandoned
from sweep.tracking import Tracker


@pytest.fixture
def tracker(tmp_path):
    return Tracker(new_record(tmp_path), "left")


@pytest.fixture
def locks(tracker, tmp_path):
    return RunLocks(tmp_path / "checkpoints")


@pytest.fixture
def record(tracker, locks):
    """Record a run or a sweep as left by its process; return its id."""
    return recorder(tracker, locks)


HOLD = """
import sys
from pathlib import Path
from sweep.runs.locks import RunLocks

folder, key = sys.argv[1:]
with RunLocks(Path(folder)).hold(key, lambda: None):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_what_a_process_trains_is_left_alone_until_it_is_killed(tracker, locks, record):
    held, left = record("held"), record("left")
    command = [sys.executable, "-c", HOLD, str(locks.folder)]
    pipe = subprocess.PIPE
    with subprocess.Popen([*command, "held"], stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout.readline() == "held\n"
        close_abandoned(tracker, locks)
        assert (state(tracker, held), state(tracker, left)) == (RUNNING, KILLED)
        process.kill()
    close_abandoned(tracker, locks)
    assert state(tracker, held) == KILLED
