"""Runs whose processes die or hang for real: for want of memory, by a crash, for too long."""

import fcntl
import os
import re
import shutil
import signal
from pathlib import Path

import faulty
import pytest
from faulty import EPOCH
from outcomes import assert_complete, outcomes
from workplace import Workplace, fork_servers, kills_for_memory, worker

SWEEP = ("seed=0,1", "model.hidden=[200]", "optim.momentum=0.9", "epochs=10", "context=cpu")
SWEEP += ("figures=false", "n_jobs=2")
MEMORY = Path("/sys/fs/cgroup/memory")
OUT_OF_MEMORY = "its process was killed by the system, which was out of memory (SIGKILL)"
CRASHED = "its process crashed: a segmentation fault (SIGSEGV); its log has the stack"


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    workplace = Workplace(tmp_path_factory.mktemp("dead"))
    shutil.copy(faulty.__file__, workplace.folder)
    return workplace


@pytest.fixture(scope="module")
def undisturbed(workplace):
    workplace.run(*SWEEP, "tracking.experiment=undisturbed", "--multirun")
    return outcomes(workplace.client, workplace.runs("undisturbed")[1])


@pytest.fixture
def little_memory():
    """A function that leaves a process no more memory than it has."""
    group = MEMORY / f"sweep-{os.getpid()}"
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text("256K")
    except OSError as error:
        pytest.skip(f"no limit can be set to a process's memory here: {error}")
    yield lambda process: (group / "cgroup.procs").write_text(str(process))
    group.rmdir()


def test_a_run_that_is_killed_for_want_of_memory(workplace, undisturbed, little_memory):
    experiment = "tracking.experiment=memory"
    with kills_for_memory(fcntl.LOCK_EX):
        code, lines, errors = workplace.watch(
            *(*SWEEP, experiment, "--multirun"),
            until=["run 1: epoch 2/"],
            act=lambda sweep: little_memory(worker(sweep.pid, 1)),
        )
    assert (code, errors) == (0, ""), lines
    assert f"run 1: {OUT_OF_MEMORY}: retry 1 of 1" in lines
    assert [line for line in lines if line.startswith("run 1: ") and "(goes on after" in line]
    assert_complete(workplace, undisturbed, "memory")


def test_a_run_that_crashes(workplace, undisturbed):
    workplace.environment["FAULT"] = "all runs crash"
    command = (*SWEEP, "tracking.experiment=crash", "max_retries=0", "--multirun")
    process = workplace.start(*command, module="faulty")
    output, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (1, "2 of 2 runs failed\n"), output
    for number, run in enumerate(workplace.runs("crash")[1]):
        assert f"run {number}: failed: {CRASHED}" in output.splitlines()
        assert (run.info.status, run.data.tags["failure_reason"]) == ("FAILED", CRASHED)
    (log,) = [
        each.read_text()
        for each in workplace.folder.glob("multirun/*/*/0/run.log")
        if "Fatal Python error: Segmentation fault" in each.read_text()
    ]
    assert " in crash\n" in log
    lines = workplace.run(*command)
    assert len([line for line in lines if line.endswith(f"(goes on after epoch {EPOCH})")]) == 2
    assert_complete(workplace, undisturbed, "crash")


@pytest.mark.parametrize("retries", [0, 1])
def test_a_run_that_hangs(workplace, undisturbed, retries):
    workplace.environment["FAULT"] = "all runs hang"
    options = ("run_timeout=15", f"max_retries={retries}", f"tracking.experiment=hang_{retries}")
    process = workplace.start(*SWEEP, *options, "--multirun", module="faulty")
    output, errors = process.communicate(timeout=120)
    reason = "it took longer than run_timeout=15 seconds"
    if retries:
        assert (process.returncode, errors) == (0, ""), output
        assert f"run 1: {reason}: retry 1 of 1" in output.splitlines()
    else:
        assert (process.returncode, errors) == (1, "2 of 2 runs failed\n"), output
        assert f"run 1: failed: {reason}" in output.splitlines()
        for run in workplace.runs("hang_0")[1]:
            assert (run.info.status, run.data.tags["failure_reason"]) == ("FAILED", reason)
        workplace.run(*SWEEP, *options[2:], "--multirun")
    assert_complete(workplace, undisturbed, f"hang_{retries}")


@pytest.mark.parametrize("strikes", [1, 2])
def test_a_fork_server_that_is_killed(workplace, undisturbed, strikes):
    """The second time it is one that was asked for a process, and has not answered."""

    def strike(sweep):
        (server,) = fork_servers(sweep.pid)
        os.kill(server, signal.SIGKILL)
        while strikes == 2 and sweep.poll() is None:
            for another in {*fork_servers(sweep.pid)} - {server}:
                os.kill(another, signal.SIGKILL)
                return

    experiment = f"fork_server_{strikes}"
    code, lines, errors = workplace.watch(
        *(*SWEEP[:-1], "n_jobs=1", f"tracking.experiment={experiment}", "--multirun"),
        until=["run 0: epoch 1/"],
        act=strike,
    )
    assert (code, errors) == (0, ""), lines
    assert_complete(workplace, undisturbed, experiment)


def test_the_first_failure_stops_the_others(workplace):
    code, lines, errors = workplace.watch(
        *("epochs=90000", "model.hidden=[8]", "context=cpu", "seed=0,1,2,3", "n_jobs=2"),
        *("on_failure=stop", "max_retries=0", "tracking.experiment=stop", "--multirun"),
        until=["run 0: epoch 1/", "run 1: epoch 1/"],
        act=lambda sweep: os.kill(worker(sweep.pid, 0), signal.SIGKILL),
    )
    assert code == 1
    assert errors == "1 of 4 runs failed, 3 stopped or not begun (on_failure=stop)\n"
    (parent,), runs = workplace.runs("stop")
    assert parent.info.status == "FAILED"
    ends = {run.data.params["seed"]: run for run in runs}
    assert {seed: run.info.status for seed, run in ends.items()} == {"0": "FAILED", "1": "KILLED"}
    reason = "its process was killed by SIGKILL"
    assert ends["0"].data.tags["failure_reason"] == reason
    assert f"run 0: failed: {reason}" in lines
    assert "run 1: interrupted: recorded as KILLED" in lines


def test_failures_are_shown_with_their_logs(workplace):
    options = ("optim.lr=1e30", "model.hidden=[8]", "epochs=1", "tracking.experiment=logs")
    options += ("figures=false",)
    process = workplace.start(*options, "--multirun")
    output, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (1, "1 of 1 runs failed\n")
    table = output[output.index("\nFailed ") :]
    assert "diverged at epoch 1: " in table
    assert re.search(r"multirun/\S+/0/run\.log", "".join(table.split()))


def test_a_process_that_is_stopped_for_ever(workplace):
    """SIGSTOP, as a debugger sends it, is nothing that a process can handle."""
    code, lines, errors = workplace.watch(
        *("epochs=90000", "model.hidden=[8]", "context=cpu", "run_timeout=15", "max_retries=0"),
        *("tracking.experiment=frozen", "seed=0", "--multirun"),
        until=["run 0: epoch 2/"],
        act=lambda sweep: os.kill(worker(sweep.pid, 0), signal.SIGSTOP),
    )
    assert (code, errors) == (1, "1 of 1 runs failed\n")
    assert "run 0: failed: it took longer than run_timeout=15 seconds" in lines
