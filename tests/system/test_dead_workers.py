"""Runs whose processes die or hang for real: for want of memory, by a crash, for too long."""

import contextlib
import fcntl
import os
import re
import shutil
import signal
from pathlib import Path

import faulty
import pytest
import stepped
from faulty import EPOCH, TOLD
from outcomes import assert_complete, assert_same, outcome, outcomes
from workplace import (
    Workplace,
    comes,
    fork_servers,
    gone,
    kills_for_memory,
    lives,
    processes,
    worker,
    workers,
)

SWEEP = ("seed=0,1", "model.hidden=[200]", "optim.momentum=0.9", "epochs=10", "context=cpu")
SWEEP += ("figures=false", "n_jobs=2")
MEMORY = Path("/sys/fs/cgroup/memory")
OUT_OF_MEMORY = "its process was killed by the system, which was out of memory (SIGKILL)"
NO_PROGRESS = "it made no progress for 8 seconds; its log has its stacks"
CRASHED = "its process crashed: a segmentation fault (SIGSEGV); its log has the stack"


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    workplace = Workplace(tmp_path_factory.mktemp("dead"))
    for module in (faulty, stepped):
        shutil.copy(module.__file__, workplace.folder)
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
    stepped.allow(workplace.folder, 2)

    def act(sweep):
        little_memory(worker(sweep.pid, 1))
        stepped.allow(workplace.folder, 99)

    with kills_for_memory(fcntl.LOCK_EX):
        code, lines, errors = workplace.watch(
            *(*SWEEP, "tracking.experiment=memory", "--multirun"),
            module="stepped",
            until=["run 1: epoch 2/"],
            act=act,
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


def test_runs_that_hang(workplace, undisturbed):
    workplace.environment["FAULT"] = "all runs hang"
    options = ("stall_timeout=8", "tracking.experiment=hang", "--multirun")
    process = workplace.start(*SWEEP, *options, module="faulty")
    output, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (0, ""), output
    lines = output.splitlines()
    for number in (0, 1):
        assert f"run {number}: {NO_PROGRESS}: retry 1 of 1" in lines
    assert [line for line in lines if "interrupted" in line] == []
    logs = [each.read_text() for each in workplace.folder.glob("multirun/*/*/?/run.log")]
    stacks = [each for each in logs if " in hang\n" in each]
    assert len(stacks) == 2 and all("Thread 0x" in each for each in stacks)
    assert_complete(workplace, undisturbed, "hang")


def only_child(process):
    """Return the process that a run alone is trained in: it writes to the same log."""
    others = {*processes(process.pid)} - {process.pid}
    logs = {each: map(os.readlink, Path(f"/proc/{each}/fd").iterdir()) for each in others}
    (child,) = [each for each, files in logs.items() if any(f.endswith("run.log") for f in files)]
    return child


def test_a_run_alone_whose_process_dies_goes_on_in_another(workplace, undisturbed):
    stepped.allow(workplace.folder, 2)

    def kill(process):
        os.kill(only_child(process), signal.SIGKILL)
        stepped.allow(workplace.folder, 99)

    with kills_for_memory(fcntl.LOCK_SH):
        code, lines, errors = workplace.watch(
            *("seed=0", *SWEEP[1:], "tracking.experiment=alone"),
            module="stepped",
            until=["  epoch 2/"],
            act=kill,
        )
    assert (code, errors) == (0, ""), lines
    assert "its process was killed by SIGKILL: retry 1 of 1" in lines
    assert sum(line.startswith("  up to 10 epochs") for line in lines) == 1
    (run,) = workplace.runs("alone")[1]
    assert f"Recorded as run {run.info.run_id}" in lines
    assert run.data.tags["interruptions"] == "1"
    assert_same(
        {"run": outcome(workplace.client, run)},
        {"run": next(each for key, each in undisturbed.items() if "('seed', '0')" in key)},
    )


def guardians_of(sweep):
    """Return the processes that a sweep has started to end what outlives it."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            if int(parent) == sweep and "guardian.py" in (folder / "cmdline").read_text():
                found.append(int(folder.name))
    return found


def hears_nothing(process):
    """Return whether the main thread of a process has SIGTERM blocked."""
    status = Path(f"/proc/{process}/status").read_text()
    (blocked,) = re.findall(r"^SigBlk:\t(\w+)$", status, re.MULTILINE)
    return bool(int(blocked, 16) & 1 << (signal.SIGTERM - 1))


def test_ctrl_c_twice_ends_a_run_that_hears_nothing(workplace):
    workplace.environment["FAULT"] = "all runs hang, and have long to stop"
    sessions = []

    def interrupt_twice(process):
        sessions.append(process.pid)
        hanging = only_child(process)
        assert comes(lambda: hears_nothing(hanging))
        os.killpg(process.pid, signal.SIGINT)
        assert comes((workplace.folder / TOLD).exists)  # or the second may come with the first
        os.killpg(process.pid, signal.SIGINT)

    code, lines, errors = workplace.watch(
        *("seed=0", *SWEEP[1:], "tracking.experiment=deaf", "checkpoint_dir=deaf"),
        module="faulty",
        until=[f"  epoch {EPOCH - 1}/"],
        act=interrupt_twice,
    )
    assert (code, errors) == (130, "Interrupted.\n"), lines
    assert gone(*sessions) == []
    (run,) = workplace.runs("deaf")[1]
    assert run.info.status == "KILLED"


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="the system has no pidfd")
def test_runs_that_hear_nothing_do_not_outlive_a_sweep_that_is_killed(workplace, undisturbed):
    workplace.environment["FAULT"] = "all runs hang"
    sessions, guardians = [], []

    def kill(sweep):
        sessions.append(sweep.pid)
        guardians.extend(guardians_of(sweep.pid))
        hanging = workers(sweep.pid)
        assert len(hanging) == 2
        assert comes(lambda: all(map(hears_nothing, hanging)))
        sweep.kill()

    command = (*SWEEP, "tracking.experiment=left", "--multirun")
    until = [f"run {number}: epoch {EPOCH - 1}/" for number in (0, 1)]
    code, lines, errors = workplace.watch(*command, module="faulty", until=until, act=kill)
    assert (code, errors) == (-signal.SIGKILL, ""), lines
    assert gone(*sessions) == []
    (guardian,) = guardians
    assert comes(lambda: not lives(guardian))
    lines = workplace.run(*command, module="faulty")
    assert len([line for line in lines if line.endswith(f"(goes on after epoch {EPOCH})")]) == 2
    assert_complete(workplace, undisturbed, "left")


@pytest.mark.parametrize("strikes", [pytest.param(1, marks=pytest.mark.nightly), 2])
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


@pytest.mark.nightly  # make test has it in test_launcher.py
def test_the_first_failure_stops_the_others(workplace):
    with kills_for_memory(fcntl.LOCK_SH):
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
