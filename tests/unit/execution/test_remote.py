"""What stands for a run's process on another machine."""

import threading

import pytest

from sweep.execution.remote.agent import Ending
from sweep.execution.remote.proxy import Remote
from sweep.execution.worker import STOPPED
from sweep.runs.events import Ended, Recorded


def started(*messages):
    """Return it, and the list to which "terminate" and "kill" are added."""
    told = []

    def come():
        for message in messages:
            if isinstance(message, Exception):
                raise message
            yield message

    options = (lambda: told.append("terminate"), lambda: told.append("kill"))
    return Remote(None, come(), *options), told


def heard(remote):
    """Return what comes from there, until it has ended."""
    found = []
    with pytest.raises(EOFError):
        while True:
            found.append(remote.connection.recv())
    remote.join()
    return found


def test_a_run_that_dies():
    remote, told = started(Recorded("id"), Ending(-9, "a reason"))
    assert heard(remote) == [Recorded("id")]
    assert (remote.exitcode, remote.reason, told) == (-9, "a reason", [])


@pytest.mark.parametrize("error", [ValueError("damaged"), OSError(5, "of the disk")])
def test_a_run_that_can_be_heard_no_more_is_killed(error):
    remote, told = started(Recorded("id"), error)
    assert heard(remote) == [Recorded("id")]
    assert remote.exitcode is None
    assert remote.reason == f"nothing more can be heard of it: {error!r}"
    assert told == ["kill"]


def test_a_run_that_was_told_to_stop_has_stopped():
    stopped = threading.Event()

    def come():
        yield Recorded("id")
        stopped.wait(60)
        yield Ending(None, "its job was told to end")

    remote = Remote(None, come(), stopped.set, lambda: None)
    assert remote.connection.recv() == Recorded("id")
    remote.terminate()
    assert heard(remote) == [Ended("KILLED")]
    assert remote.exitcode == STOPPED
