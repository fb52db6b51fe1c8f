"""What a process leaves behind when it has ended: for real, but with nothing else around."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from workplace import comes, lives

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="the system has no pidfd")
LEAVE = """
import os, signal, subprocess, sys
from pathlib import Path
from sweep.execution.local import guarded

guarded.GRACE_SECONDS = float(sys.argv[1])
output = os.dup(1)
for each in sys.argv[2:]:
    os.close(int(each))
left = subprocess.Popen(["sleep", "600"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
left.send_signal(signal.SIGSTOP)
left.returncode = 0  # it is left on purpose
guarded.guard(left)
children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
children.remove(str(left.pid))
os.write(output, " ".join([str(left.pid), *children]).encode())
"""


def leave(grace_seconds, *closed):
    """Let a process end that has started another, which hears nothing; return it and its guardian.

    Args:
        grace_seconds: of the guardian.
        closed: descriptors that the process does not have.
    """
    command = [sys.executable, "-X", "dev", "-c", LEAVE, *map(str, (grace_seconds, *closed))]
    done = subprocess.run(command, stdout=-1, stderr=-1, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    return map(int, done.stdout.split())


def watched(guardian):
    """Return what the descriptor is that the guardian takes for its sweep's process."""
    *_, descriptor, _, _ = Path(f"/proc/{guardian}/cmdline").read_text().split("\0")
    return os.readlink(f"/proc/{guardian}/fd/{descriptor}")


def test_what_hears_nothing_is_killed_after_the_grace():
    left, guardian = leave(0.1)
    assert comes(lambda: not lives(left) and not lives(guardian))


@pytest.mark.parametrize("closed", [(), (1,)], ids=str)
def test_who_waits_to_kill_keeps_no_output_open_and_goes_with_the_last(closed):
    left, guardian = leave(600, *closed)  # it has returned, though both live
    assert (lives(left), lives(guardian)) == (True, True)
    assert "pidfd" in watched(guardian)
    assert os.getsid(guardian) == guardian  # as no Ctrl-C of this terminal reaches it
    os.kill(left, signal.SIGKILL)
    assert comes(lambda: not lives(guardian))
