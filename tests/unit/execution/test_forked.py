"""How the process of a run alone is started. It is started for real in tests/system."""

import re
import signal
from types import SimpleNamespace

import pytest
from machine import job

from sweep.errors import UserError
from sweep.execution.capacity import Resources
from sweep.execution.local import forked
from sweep.execution.local.forked import ForkedExecutor


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (folder := tmp_path / "sweeps" / "0").mkdir(parents=True)
    return folder


@pytest.fixture
def started(monkeypatch):
    """The processes that would have been started."""
    found = []
    monkeypatch.setattr(forked.FORK.Process, "start", lambda process: found.append(process))
    monkeypatch.setattr(forked.FORK.Process, "join", lambda process: None)
    return found


@pytest.fixture(autouse=True)
def guarded(monkeypatch):
    """The processes that would not outlive this one for long."""
    found = []
    monkeypatch.setattr(forked, "guard", found.append)
    return found


def test_a_run_alone_may_start_processes(folder, started):
    ForkedExecutor(train=None).start(job(0, 2), Resources(slots=1))
    assert [each.daemon for each in started] == [False]


def test_what_is_forked_does_not_outlive_its_sweep(folder, started, guarded):
    ForkedExecutor(train=None).start(job(0, 2), Resources(slots=1))
    forked.call(print)
    assert len(started) == 2
    assert guarded == started


def test_the_log_of_a_run_alone_is_named(folder, started, monkeypatch):
    run = ForkedExecutor(train=None).start(job(0, 2), Resources(slots=1))
    crashed = SimpleNamespace(poll=lambda *_: -11, wait=lambda *_: -11)
    monkeypatch.setattr(started[0], "_popen", crashed, raising=False)
    reason = "its process crashed: a segmentation fault (SIGSEGV); sweeps/0/run.log has the stack"
    assert run.exit_reason() == reason


def test_a_log_that_cannot_be_written(folder, started):
    (folder / "run.log").mkdir()
    message = (
        "hydra.run.dir=sweeps/0: run.log cannot be written there: Is a directory; allowed is a "
        "folder in which it can"
    )
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        ForkedExecutor(train=None).start(job(0, 2), Resources(slots=1))
    assert started == []


def test_the_run_of_a_job_is_guarded_and_ends_with_it(started, guarded):
    process, connection = forked.start(print)
    assert started == guarded == [process]
    assert process.daemon
    with pytest.raises(EOFError):  # nobody else holds the line
        connection.recv()


def test_a_job_that_is_told_to_end_meanwhile_leaves_no_process(started, monkeypatch):
    killed = []

    def interrupted(process):
        raise KeyboardInterrupt

    monkeypatch.setattr(forked.FORK.Process, "pid", 1, raising=False)
    monkeypatch.setattr(forked.FORK.Process, "kill", lambda process: killed.append(process))
    monkeypatch.setattr(forked, "guard", interrupted)
    with pytest.raises(KeyboardInterrupt):
        forked.start(print)
    assert killed == started


def test_in_the_fork_no_signal_means_what_it_does_to_the_job(monkeypatch):
    """As submitit's own, by which it has a job queued again."""
    receiver, _ = forked.FORK.Pipe(duplex=False)
    before = {each: signal.getsignal(each) for each in signal.valid_signals()}
    found = []
    signal.signal(signal.SIGUSR2, lambda *_: None)
    monkeypatch.setattr(forked, "write_stacks_to", lambda stream: None)
    monkeypatch.setattr(
        forked, "work", lambda run, sender: found.append(signal.getsignal(signal.SIGUSR2))
    )
    try:
        forked._begin(None, receiver, None)
    finally:
        for number, handler in before.items():
            if callable(handler):
                signal.signal(number, handler)
        signal.signal(signal.SIGUSR2, before[signal.SIGUSR2])
    assert found == [signal.SIG_DFL]


def test_what_cannot_be_imported_beforehand_the_run_says_itself(monkeypatch):
    monkeypatch.setattr(forked, "PRELOAD", "sweep.no_such_module")
    assert forked._prepared(lambda tell: f"{tell} of the run", "told") == "told of the run"
