"""What a process leaves behind when it has ended: for real, but with nothing else around."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from workplace import comes

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="the system has no pidfd")
LEAVE = """
import os, signal, subprocess, sys
from sweep.execution.local import guarded

guarded.GRACE_SECONDS = float(sys.argv[1])
left = subprocess.Popen(["sleep", "600"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
left.send_signal(signal.SIGSTOP)
guarded.guard(left)
print(left.pid, guarded._guardian().pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def leave(grace_seconds):
    """Kill a process that has started another, which hears nothing; return it and its guardian."""
    command = [sys.executable, "-c", LEAVE, str(grace_seconds)]
    done = subprocess.run(command, stdout=-1, stderr=-1, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (-signal.SIGKILL, "")
    return map(int, done.stdout.split())


def lives(process):
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_what_hears_nothing_is_killed_after_the_grace():
    left, guardian = leave(grace_seconds=0.1)
    assert comes(lambda: not lives(left) and not lives(guardian))


def test_who_waits_to_kill_keeps_no_output_open_and_goes_with_the_last():
    left, guardian = leave(grace_seconds=600)  # it has returned, though both live
    assert (lives(left), lives(guardian)) == (True, True)
    assert os.getsid(guardian) == guardian  # as no Ctrl-C of this terminal reaches it
    os.kill(left, signal.SIGKILL)
    assert comes(lambda: not lives(guardian))
