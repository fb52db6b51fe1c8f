"""What becomes of processes when their server, or its socket, is gone; and of those it cannot fork.

The servers and processes here are real, but have imported nothing.
"""

import multiprocessing
import os
import shutil
import signal
import time
from multiprocessing import forkserver
from multiprocessing.process import current_process
from pathlib import Path

import pytest
from hydra.core.utils import JobReturn, JobStatus
from machine import Machine, job
from workplace import comes

from sweep.execution.local import executor, fork_server
from sweep.execution.local.executor import LocalExecutor
from sweep.execution.local.process import LOST, LocalProcess
from sweep.execution.scheduler import Scheduler
from sweep.execution.watch import Watch
from sweep.runs.events import Ended

pytestmark = pytest.mark.skipif(not fork_server.HAS_FORK_SERVER, reason="there is no fork server")


@pytest.fixture
def server(monkeypatch):
    """A server of this test alone, in a folder of its own."""
    server = forkserver.ForkServer()
    monkeypatch.setattr(forkserver, "_forkserver", server)
    for name in ("ensure_running", "connect_to_new_process"):
        monkeypatch.setattr(forkserver, name, getattr(server, name))
    monkeypatch.setattr(fork_server, "guard", lambda process: None)
    monkeypatch.setitem(current_process()._config, "tempdir", None)
    yield server
    os.kill(server._forkserver_pid, signal.SIGKILL)
    server._stop()


def process_of(target, *arguments):
    starts = multiprocessing.get_context("forkserver")
    return starts.Process(target=target, args=arguments, daemon=True)


def test_what_takes_too_long_is_killed_though_its_server_was_killed_before(server):
    started = process_of(time.sleep, 600)
    fork_server.start(started)
    process = LocalProcess(started)
    try:
        os.kill(server._forkserver_pid, signal.SIGKILL)
        assert comes(lambda: started.exitcode == LOST)
        watched = Watch(job(0, 2, "run_timeout=0.001", "stall_timeout=null").config, process)
        assert not watched.is_dead
        while watched.reason is None:
            watched.look()
        assert comes(lambda: watched.is_dead)
    finally:
        process.kill()
        process.join()


@pytest.mark.parametrize("gone", ["socket", "folder", "folder and server"])
def test_a_server_whose_socket_was_removed_is_replaced(server, gone):
    fork_server.start(process_of(time.sleep, 0))
    first, address = server._forkserver_pid, Path(server._forkserver_address)
    if "folder" in gone:
        shutil.rmtree(address.parent)
    else:
        address.unlink()
    if "server" in gone:
        os.kill(first, signal.SIGKILL)
        os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
    second = process_of(time.sleep, 0)
    fork_server.start(second)
    second.join()
    assert second.exitcode == 0
    assert server._forkserver_pid != first
    assert Path(server._forkserver_address) != address
    assert address.parent.is_dir()  # or multiprocessing complains when it removes it


class Done:
    """A process that has ended well."""

    pid, exitcode = None, 0

    def join(self):
        pass


@pytest.fixture
def crowded(monkeypatch):
    """Return a function that gives results of runs; where it is told so there is no process."""

    def crowd(*refused):
        begun = []

        def start_process(*_, **__):
            begun.append(len(begun))
            if begun[-1] in refused:
                raise BlockingIOError(11, "Resource temporarily unavailable")
            receiver, sender = multiprocessing.Pipe(duplex=False)
            with sender:
                sender.send(JobReturn(status=JobStatus.COMPLETED, _return_value=0.5))
            return Done(), receiver

        monkeypatch.setattr(executor, "start_process", start_process)
        jobs = [job(number, 9 - number, "n_jobs=2") for number in range(3)]
        shown = Machine(None)
        results = Scheduler(LocalExecutor(jobs[0].config, None), jobs, shown).run()
        return [results[number].status for number in range(3)], shown.told, len(begun)

    monkeypatch.setattr(executor, "prepare", lambda config: None)
    monkeypatch.setattr(executor, "find_gpus", lambda threads: [])
    monkeypatch.setattr(executor, "LocalProcess", lambda process: process)
    return crowd


def test_a_run_for_which_the_system_has_no_process_waits_until_another_has_ended(crowded):
    assert crowded(1) == ([JobStatus.COMPLETED] * 3, [], 4)


def test_a_run_for_which_the_system_has_no_process_though_none_trains_has_failed(crowded):
    statuses, told, _ = crowded(0)
    assert statuses == [JobStatus.FAILED, JobStatus.COMPLETED, JobStatus.COMPLETED]
    reason = "could not be begun: BlockingIOError: [Errno 11] Resource temporarily unavailable"
    assert told == [(0, Ended("FAILED", reason))]
