"""Runs whose processes die or hang for real: for want of memory, by a crash, for too long."""

import os
import re
import shutil
import signal
from pathlib import Path

import faulty
import pytest
from faulty import EPOCH
from outcomes import assert_complete, outcomes
from workplace import Workplace, worker

SWEEP = ("seed=0,1", "model.hidden=[200]", "optim.momentum=0.9", "epochs=10", "context=cpu")
SWEEP += ("n_jobs=2",)
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
    code, lines, errors = workplace.watch(
        *(*SWEEP, experiment, "--multirun"),
        until=["run 1: epoch 2/"],
        act=lambda sweep: little_memory(worker(sweep.pid, 1)),
    )
    assert (code, errors) == (0, ""), lines
    assert f"run 1: {OUT_OF_MEMORY}: retry 1 of 1" in lines
    assert [line for line in lines if line.startswith("run 1: mlp") and "(goes on after" in line]
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


def test_the_first_failure_stops_the_others(workplace):
    """One diverges in its first epoch, one trains at that moment, two have not begun."""
    code, lines, errors = workplace.watch(
        "optim.lr=1e30,0.1,0.2,0.3",
        *("epochs=90000", "model.hidden=[8]", "context=cpu", "n_jobs=2", "on_failure=stop"),
        *("tracking.experiment=stop", "--multirun"),
        until=[],
        act=lambda sweep: None,
    )
    assert code == 1
    assert errors == "1 of 4 runs failed, 3 stopped or not begun (on_failure=stop)\n"
    (parent,), runs = workplace.runs("stop")
    assert parent.info.status == "FAILED"
    ends = {run.data.params["optim.lr"]: run for run in runs}
    assert {rate: run.info.status for rate, run in ends.items()} in (
        {"1e+30": "FAILED", "0.1": "KILLED"},
        {"1e+30": "FAILED"},  # the other had not begun yet
    )
    reason = ends["1e+30"].data.tags["failure_reason"]
    assert reason.startswith("diverged at epoch 1: ")
    assert f"run 0: failed: {reason}" in lines
    assert [line for line in lines if re.search(r"diverged at .*/multirun/\S+/0/run\.log", line)]


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
