"""Processes that are still at work when the server is dead that has forked them."""

import os
import subprocess
from multiprocessing import Pipe
from types import SimpleNamespace

import pytest
from machine import job

from sweep.execution import watch
from sweep.execution.capacity import Resources
from sweep.execution.local import executor
from sweep.execution.local import process as module
from sweep.execution.local.executor import LocalExecutor
from sweep.execution.local.process import LOST, LocalProcess, birth
from sweep.execution.remote import agent
from sweep.execution.watch import ask_for_stacks
from sweep.runs.events import Notice
from sweep.signals import STACKS

NOBODY = 2**22 + 1  # more than there can be


class Lost:
    """Stands in for a process whose server is dead, as ``multiprocessing`` has it."""

    exitcode = LOST

    def __init__(self, pid):
        self.pid = pid

    def terminate(self):
        """It is taken for one that has ended."""

    kill = terminate

    def join(self, timeout=None):
        """The same."""

    def is_alive(self):
        return False


@pytest.fixture
def child():
    """A process that goes on until it is told to end."""
    with subprocess.Popen(["sleep", "600"]) as child:
        yield child
        child.kill()


@pytest.mark.parametrize("end", ["terminate", "kill"])
def test_it_goes_on_until_it_is_ended(child, end):
    process = LocalProcess(Lost(child.pid))
    process.join(0.0)
    assert process.exitcode is None
    getattr(process, end)()
    process.join()
    assert process.exitcode == LOST
    assert child.wait(60) < 0


def test_another_process_of_its_number_is_left_alone(child, monkeypatch):
    process = LocalProcess(Lost(child.pid))
    with monkeypatch.context() as later:
        later.setattr(module, "birth", lambda pid: b"later")
        assert process.exitcode == LOST
        process.kill()
        process.join()
    assert child.poll() is None


def test_one_that_had_ended_at_once_has_ended():
    process = LocalProcess(Lost(NOBODY))
    process.kill()
    process.join()
    assert process.exitcode == LOST


def test_a_run_of_a_sweep_is_ended(child, monkeypatch):
    monkeypatch.setattr(executor, "prepare", lambda config: None)
    monkeypatch.setattr(executor, "find_gpus", lambda threads: [])
    receiver, _ = Pipe(duplex=False)
    monkeypatch.setattr(executor, "start_process", lambda *_, **__: (Lost(child.pid), receiver))
    planned = job(0, 2)
    running = LocalExecutor(planned.config, None).start(planned, Resources(slots=1))
    assert not running.watch.is_dead
    running.process.terminate()
    running.process.join()
    assert running.watch.is_dead
    assert child.wait(60) < 0


def test_a_run_on_another_machine_is_ended_when_nobody_listens(child, monkeypatch):
    receiver, sender = Pipe(duplex=False)
    monkeypatch.setattr(agent, "_enter", lambda given: None)
    monkeypatch.setattr(agent, "_forget_main", lambda: None)
    given = SimpleNamespace(config=job(0, 2).config)
    messages = agent.train(given, lambda given: (Lost(child.pid), receiver))
    sender.send(Notice("a word"))
    assert next(messages) == Notice("a word")
    messages.close()
    assert child.wait(60) < 0


def test_one_that_hangs_is_asked_for_its_stacks(child, monkeypatch):
    sent = []
    monkeypatch.setattr(watch, "os", SimpleNamespace(kill=lambda *told: sent.append(told)))
    ask_for_stacks(LocalProcess(Lost(child.pid)))
    assert sent == [(child.pid, STACKS)]


def stat(name, state, began):
    return f"7 ({name}) {state} {' '.join('1' * 18)} {began} 4096 0".encode("latin-1")


@pytest.mark.parametrize(
    ("told", "when"),
    [
        (stat("python", "S", 12), b"12"),
        (stat("a) Z (b\xff", "R", 13), b"13"),
        (stat("python", "Z", 12), None),
        (None, None),
    ],
)
def test_when_a_process_began(tmp_path, monkeypatch, told, when):
    monkeypatch.setattr(module, "PROCESSES", tmp_path)
    for name in ("self", "7"):
        (tmp_path / name).mkdir()
    (tmp_path / "self" / "stat").touch()
    if told:
        (tmp_path / "7" / "stat").write_bytes(told)
    assert birth(7) == when


def test_where_the_system_does_not_tell_when(tmp_path, monkeypatch):
    assert None not in (birth(os.getpid()), birth(1))
    monkeypatch.setattr(module, "PROCESSES", tmp_path)
    assert (birth(os.getpid()), birth(NOBODY), birth(None)) == (b"", None, None)
