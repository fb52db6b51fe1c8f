"""Disks that are full, or cannot be written, before a sweep and in the middle of one."""

import errno
import os
import shutil
import subprocess
import sys

import limited
import pytest
import stepped
from outcomes import assert_complete, outcomes
from prepared import Command
from workplace import Workplace

SWEEP = ("seed=0,1", "model.hidden=[32]", "optim.momentum=0.9", "epochs=12", "context=cpu")
SWEEP += ("figures=false", "n_jobs=2")
FULL = "No space left on device"
TO_DO = "The checkpoints before are kept: the same command goes on from them"


class Disk:
    """A small disk of its own."""

    def __init__(self, folder):
        """Mount it; where that is not allowed, the test is skipped."""
        folder.mkdir()
        self.folder, self._filler = folder, folder / "filler"
        done = self._mount("-t", "tmpfs", "-o", "size=24m", "none")
        if done.returncode:
            pytest.skip(f"a disk cannot be mounted here: {done.stderr}")

    def _mount(self, *options):
        command = ["mount", *options, str(self.folder)]
        return subprocess.run(command, capture_output=True, text=True)

    def fill(self):
        """Leave no room, also where some has become free since it was filled."""
        with open(self._filler, "ab", buffering=0) as stream:
            for size in (2**16, 2**12, 1):
                try:
                    while True:
                        stream.write(bytes(size))
                except OSError as error:
                    assert error.errno == errno.ENOSPC

    def make_room(self):
        self._filler.unlink()

    def forbid_writing(self):
        done = self._mount("-o", "remount,ro")
        assert done.returncode == 0, done.stderr

    def unmount(self):
        subprocess.run(["umount", "--lazy", str(self.folder)], check=True)


@pytest.fixture
def disk(tmp_path):
    disk = Disk(tmp_path / "disk")
    yield disk
    disk.unmount()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    workplace = Workplace(tmp_path_factory.mktemp("undisturbed"))
    workplace.run(*SWEEP, "--multirun")
    return outcomes(workplace.client, workplace.runs("sweep")[1])


def fill_in_the_middle(workplace, command, disk):
    """Sweep, and fill the disk when both runs have trained three epochs and wait.

    Returns:
        The exit code, the lines, and what came out as errors.
    """
    shutil.copy(stepped.__file__, workplace.folder)
    stepped.allow(workplace.folder, 3)
    allowed = workplace.folder / stepped.ALLOWED
    more = workplace.folder / "more"
    more.write_text("99")  # now: it may be on that disk, which has no room for it later

    def go_on(_):
        disk.fill()
        os.replace(more, allowed)
        disk.fill()  # what was replaced has left room

    until = [f"run {number}: epoch 3/" for number in (0, 1)]
    return workplace.watch(*command, module="stepped", until=until, act=go_on)


# --- full ---


def test_checkpoints_on_a_full_disk(tmp_path, disk, undisturbed):
    workplace = Workplace(tmp_path)
    command = (*SWEEP, "checkpoint_dir=disk", "--multirun")
    code, lines, errors = fill_in_the_middle(workplace, command, disk)
    assert (code, errors) == (1, "2 of 2 runs failed\n")
    _, runs = workplace.runs("sweep")
    assert len(runs) == 2
    (title,) = [at for at, line in enumerate(lines) if line.strip() == "Failed"]
    table = "\n".join(lines[title:])
    for run in runs:
        number, reason = run.data.params["seed"], run.data.tags["failure_reason"]
        assert reason == f"disk/{run.info.run_id} cannot be written: {FULL}. {TO_DO}"
        assert f"run {number}: failed: {reason}" in lines
        assert f"disk/{run.info.run_id} cannot be written" in table
        steps = [step for step, _ in workplace.curves(run)["train/loss"]]
        assert steps == list(range(1, len(steps) + 1))
        assert len(steps) >= 3
    assert not [line for line in lines if "Traceback" in line]
    shown = workplace.run("--by-seed", module="sweep.leaderboard")
    assert len([line for line in shown if "FAILED" in line]) == 2
    disk.make_room()
    lines = workplace.run(*command)
    assert len([line for line in lines if "(goes on after epoch " in line]) == 2
    assert_complete(workplace, undisturbed, checkpoints="disk")


def test_a_record_on_a_full_disk(tmp_path, disk, undisturbed):
    workplace = Workplace(disk.folder)
    command = (*SWEEP, f"checkpoint_dir={tmp_path}/checkpoints", "--multirun")
    code, lines, errors = fill_in_the_middle(workplace, command, disk)
    assert (code, errors.splitlines()[-1]) == (1, "2 of 2 runs failed")
    assert "Traceback" not in errors + "\n".join(lines)
    for number in (0, 1):
        (told,) = [line for line in lines if line.startswith(f"run {number}: failed: ")]
        assert FULL in told or "disk is full" in told
    shown = workplace.run("--by-seed", module="sweep.leaderboard")
    assert [line for line in shown if "mnist_5k" in line]
    disk.make_room()
    workplace.run(*command)
    assert_complete(workplace, undisturbed, checkpoints=tmp_path / "checkpoints")


def test_a_disk_that_is_full_from_the_start(tmp_path, disk):
    workplace = Workplace(tmp_path)
    disk.fill()
    process = workplace.start(*SWEEP, "checkpoint_dir=disk", "--multirun")
    output, errors = process.communicate(timeout=120)
    assert (process.returncode, output) == (2, "")
    assert errors == (
        f"checkpoint_dir=disk: cannot be written ({FULL}); allowed is a folder for checkpoints "
        "that can\n"
    )


def test_a_limit_on_the_size_of_files(tmp_path):
    workplace = Workplace(tmp_path)
    command = ("seed=0", "model.hidden=[1000]", "epochs=1", "context=cpu", "figures=false")
    command += ("--multirun",)
    shutil.copy(limited.__file__, tmp_path)
    process = workplace.start(*command, module="limited")
    output, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (1, "1 of 1 runs failed\n"), output + errors
    (run,) = workplace.runs("sweep")[1]
    reason = f"checkpoints/{run.info.run_id} cannot be written: File too large. {TO_DO}"
    assert f"run 0: failed: {reason}" in output.splitlines()
    assert run.data.tags["failure_reason"] == reason
    workplace.run(*command)
    (again,) = workplace.runs("sweep")[1]
    assert (again.info.run_id, again.info.status) == (run.info.run_id, "FINISHED")


# --- not to be written ---


def test_checkpoints_that_may_not_be_written(tmp_path, disk):
    disk.forbid_writing()
    process = Workplace(tmp_path).start(*SWEEP, "checkpoint_dir=disk", "--multirun")
    output, errors = process.communicate(timeout=120)
    assert (process.returncode, output) == (2, "")
    assert errors == (
        "checkpoint_dir=disk: cannot be written (Read-only file system); allowed is a folder for "
        "checkpoints that can\n"
    )


def test_a_working_folder_that_may_not_be_written(disk):
    workplace = Workplace.without_record(disk.folder)
    disk.forbid_writing()
    process = workplace.start(*SWEEP, "--multirun")
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 2, output + errors
    assert "Traceback" not in errors
    assert "Read-only file system" in errors
    assert len(errors.splitlines()) == 1


def test_a_record_that_may_not_be_written_any_more(disk, undisturbed):
    workplace = Workplace(disk.folder)
    workplace.run("seed=0,1", *SWEEP[1:], "--multirun")
    disk.forbid_writing()
    shown = workplace.run("--by-seed", module="sweep.leaderboard")
    assert len([line for line in shown if line.split()[1:2] == ["mnist_5k"]]) == 2
    process = workplace.start(*SWEEP, "rerun=true", "--multirun")
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 2, output + errors
    assert "Traceback" not in errors
    assert len(errors.splitlines()) == 1


def test_a_full_output_loses_what_is_printed_and_no_run(tmp_path):
    workplace = Workplace(tmp_path)
    sweep = ("seed=0,1", "model.hidden=[8]", "epochs=1", "context=cpu", "figures=false")
    with open("/dev/full", "w") as full:
        options = {"cwd": tmp_path, "env": workplace.environment, "stdout": full}
        command = [sys.executable, "-m", "sweep", *sweep, "--multirun"]
        with Command(command, **options, stderr=subprocess.PIPE, text=True) as process:
            _, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (
        1,
        f"The output cannot be written: {FULL}; what would be printed from here on is lost.\n",
    )
    (parent,), runs = workplace.runs("sweep")
    assert [each.info.status for each in (parent, *runs)] == ["FINISHED"] * 3
