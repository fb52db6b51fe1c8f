"""What a command would do is told, and nothing is left behind; what it does now is told at once."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest


def left_behind():
    return sorted(each.name for each in Path.cwd().iterdir() if each.name != "mxnet_home")


@pytest.mark.parametrize(
    ("command", "runs"),
    [
        ("sweep.from=rows.csv z=zip(epochs=[1,2],batch_size=[50,100]) dry_run=true -m", 4),
        ("epochs=1 context=cpu dry_run=True", 1),
    ],
)
def test_a_dry_run_leaves_nothing_behind(sweep_command, command, runs):
    Path("rows.csv").write_text("model,optim.lr\nmlp,0.1\nlenet,0.2\n")
    done = sweep_command(*command.split())
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == ("1 run:" if runs == 1 else f"{runs} runs:")
    assert lines[-1] == "  nothing was trained, and nothing written"
    assert left_behind() == ["rows.csv"]


def test_a_sweep_in_a_file_leaves_combinations_out(sweep_command):
    Path("mine/sweeps").mkdir(parents=True)
    Path("mine/sweeps/seeds.yaml").write_text(
        "# @package _global_\nhydra: {sweeper: {params: {seed: '0,1,2'}, where: seed != 1}}\n"
    )
    done = sweep_command("--config-dir", "mine", "+sweeps=seeds", "--dry-run", "--multirun")
    assert (done.returncode, done.stderr) == (0, "")
    assert "  seed: 0, 2" in done.stdout.splitlines()
    assert left_behind() == ["mine"]


def test_a_wrong_condition_is_a_line(sweep_command):
    done = sweep_command("seed=0,1", "sweep.where=seed = 1", "--multirun")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("sweep.where=seed = 1: to compare, write ==; allowed are ")
    assert done.stderr.count("\n") == 1


def test_what_is_being_done_is_told_before_anything_is_imported():
    ours, theirs = pty.openpty()
    code = "import sys; sys.modules['hydra'] = None; from sweep.__main__ import main; main()"
    with subprocess.Popen([sys.executable, "-c", code, "seed=0,1", "-m"], stderr=theirs) as process:
        os.close(theirs)
        assert os.read(ours, 100).startswith(b"Reading the configuration ...")
        process.kill()
    os.close(ours)
