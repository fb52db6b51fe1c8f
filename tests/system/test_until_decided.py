"""A sweep with ``seed=auto`` by its command: killed, and gone on with to the same verdict."""

import os
import shutil
import signal

import pytest
import stepped
from workplace import Workplace, kill_all

SWEEP = ("model=mlp", "model.hidden=[8]", "epochs=1", "figures=false", "context=cpu", "n_jobs=1")
SWEEP += ("optim.lr=0.001,0.1,0.2", "seed=auto", "seeds.max=4", "--multirun")
# As python -m sweep, but runs with the last seed wait after their epoch, until they are killed.
HELD = """
import sweep.__main__ as program
from stepped import waiting
from sweep.commands import train

usual_task = train.task

def task(composed, tell):
    return usual_task(composed, waiting(tell) if composed.seed == 3 else tell)

if __name__ == "__main__":
    import held  # by this name, other processes find the task too

    train.task = held.task
    program.main()
"""


def verdict(lines):
    begin = next(number for number, line in enumerate(lines) if line.startswith("Seeds: "))
    return lines[begin:]


def trained(workplace):
    """Return the learning rate and the seed of each run that is FINISHED, in any order."""
    _, runs = workplace.runs("sweep")
    finished = [run.data.params for run in runs if run.info.status == "FINISHED"]
    return sorted((params["optim.lr"], int(params["seed"])) for params in finished)


def test_a_killed_sweep_comes_to_the_same_verdict(tmp_path_factory):
    """By the bits of the runs: 0.001 learns nothing in an epoch, and is out after three seeds."""
    places = [Workplace(tmp_path_factory.mktemp(name)) for name in ("undisturbed", "killed")]
    undisturbed, killed = places
    lines = undisturbed.run(*SWEEP)
    assert lines[0] == "seed=auto: 3 rows with 3 to 4 seeds each, 9 to 12 runs; the first:"
    said = verdict(lines)
    assert said[-1].endswith("optim.lr=0.001 (3 seeds)")
    begun = next(line for line in lines if line.startswith("run 10: ") or "run 11: " in line)
    (killed.folder / "held.py").write_text(HELD)
    shutil.copy(stepped.__file__, killed.folder)
    stepped.allow(killed.folder, 1)
    code, _, _ = killed.watch(
        *SWEEP, module="held", until=[begun[:8]], act=lambda each: kill_all(each.pid)
    )
    assert code == -signal.SIGKILL
    assert verdict(killed.run(*SWEEP)) == said
    assert trained(killed) == trained(undisturbed)
    assert not any(line.startswith("run ") for line in killed.run(*SWEEP))  # decided at once
    tags = [each.data.tags for place in places for each in place.runs("sweep")[0]]
    tied = {each["sweep.seeds.tied"] for each in tags}
    assert tied == {said[1].split(": ", 1)[1]}


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (
            "seed=auto",
            "seed=auto: is for a grid, by itself in the command, and with --multirun; allowed is a "
            "number",
        ),
        (
            "hydra/sweeper=optuna optim.lr=0.1,0.2 seed=auto -m",
            "seed=auto: is for a grid, and hydra/sweeper=optuna compares no seeds; allowed is a "
            "number",
        ),
        (
            "optim.lr=0.1,0.2 seed=auto hydra/launcher=basic -m",
            "hydra/launcher=basic: cannot be given runs one by one; allowed with "
            "hydra/sweeper=optuna and seed=auto: local, ray, submitit_local, submitit_slurm",
        ),
        (
            "seed=auto seeds.min=1 -m",
            "seeds.min=1: allowed is a whole number, 2 or more\n(in the combination seed=0)",
        ),
    ],
)
def test_what_is_wrong_is_a_line_and_nothing_is_trained(sweep_command, command, message):
    done = sweep_command(*command.split())
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"{message}\n")
    assert not os.path.exists("mlflow.db")


def test_settings_of_another_kind_of_sweep_decide_nothing(sweep_command):
    done = sweep_command("seed=0,1", "seeds.max=5", "search.n_trials=2", "--dry-run", "--multirun")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[:2] == [
        "  seeds.max=5 decides nothing: it is for seed=auto",
        "  search.n_trials=2 decides nothing: it is for hydra/sweeper=optuna",
    ]


def test_a_dry_run_says_between_how_many_and_how_many_runs_there_are(sweep_command):
    done = sweep_command("optim.lr=0.1,0.2", "seed=auto", "--dry-run", "--multirun")
    assert (done.returncode, done.stderr) == (0, "")
    first = "seed=auto: 2 rows with 3 to 20 seeds each, 6 to 40 runs; the first:"
    assert done.stdout.splitlines()[0] == first
    assert not os.path.exists("mlflow.db")
