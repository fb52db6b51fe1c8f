import re
import tempfile

import pytest
from mlflow import MlflowClient
from workplace import Workplace

from sweep import environment
from sweep.commands.cli import run as run_command
from sweep.commands.reproduce import reproduce
from sweep.runs.reproduce import compare
from sweep.tracking.run_record import commit_of

SMALL = ("model.hidden=[16]", "epochs=3", "context=cpu", "figures=false")
MEASURED = 11  # four curves, four of them at the best epoch, best_epoch, two of the test


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    return Workplace(tmp_path_factory.mktemp("reproduce"))


@pytest.fixture(scope="module")
def sweep(workplace):
    """The ids of two runs with all that can matter, and of their sweep."""
    options = ("optim.momentum=0.9", "optim.wd=0.001", "seed=3,4", "early_stopping.patience=2")
    workplace.run(*SMALL, *options, "--multirun")
    (parent,), runs = workplace.runs("sweep")
    return [run.info.run_id for run in runs], parent.info.run_id


def again(workplace, *arguments):
    process = workplace.start(*arguments, module="sweep.reproduce")
    output, errors = process.communicate(timeout=120)
    return process.returncode, output.splitlines(), errors


def test_a_run_comes_out_identical(workplace, sweep):
    for run_id in sweep[0]:
        code, lines, errors = again(workplace, run_id)
        assert (code, errors) == (0, "")
        assert f"{MEASURED} of {MEASURED} metrics identical to the last bit" in lines
        assert lines[-1] == "Parameters: identical"
        assert not [line for line in lines if "not identical" in line]


def test_nothing_is_recorded_by_it(workplace, sweep):
    before = len(workplace.client.search_runs(["1"]))
    again(workplace, sweep[0][0])
    assert len(workplace.client.search_runs(["1"])) == before


def test_a_number_that_is_not_the_same_is_shown_with_both(workplace):
    options = (*SMALL, "seed=5", "tracking.experiment=altered")
    workplace.run(*options)
    _, (run,) = workplace.runs("altered")
    (first, *_) = workplace.client.get_metric_history(run.info.run_id, "val/loss")
    # A second value for an epoch stands for one that came out otherwise: the last one counts.
    workplace.client.log_metric(run.info.run_id, "val/loss", first.value + 0.5, step=1)
    code, lines, errors = again(workplace, run.info.run_id)
    assert (code, errors) == (1, "")
    (row,) = [line for line in lines if line.split()[:1] == ["val/loss"]]
    assert row.split() == [
        *("val/loss", "3", "not", "identical", "1"),
        *(repr(first.value + 0.5), repr(first.value), "5.0e-01"),
    ]
    assert f"{MEASURED - 1} of {MEASURED} metrics identical to the last bit" in lines
    assert "Parameters: identical" in lines
    assert lines[-1].startswith("The environment is the recorded one")


def test_what_differs_in_the_environment_is_shown(workplace, monkeypatch, capsys):
    options = (*SMALL, "seed=6", "tracking.experiment=elsewhere")
    workplace.run(*options)
    _, (run,) = workplace.runs("elsewhere")
    workplace.client.log_metric(run.info.run_id, "train/loss", 9.0, step=1)
    then = environment.environment()
    now = {**then, "processor": "another one", "packages": {**then["packages"], "mxnet": "2.0"}}
    now["packages"].pop("rich")
    monkeypatch.setattr(environment, "environment", lambda: now)
    code = commit_of(run.data.tags)  # as if nobody had edited the checkout meanwhile
    monkeypatch.setattr(environment, "commit_text", lambda: code)
    address = f"sqlite:///{workplace.folder}/mlflow.db"
    assert run_command(reproduce, [run.info.run_id, "--tracking-uri", address]) == 1
    table = capsys.readouterr().out.partition("Environment")[2]
    cells = [re.split(r"  +", line.strip()) for line in table.splitlines()[4:] if line.strip()]
    rich = then["packages"]["rich"]
    assert ["processor", then["processor"], "another one"] in cells
    assert ["mxnet", "1.9.1", "2.0"] in cells
    assert ["rich", rich, "not there"] in cells
    assert len(cells) == 3


def test_a_run_that_diverged_does_so_again(workplace):
    options = (*SMALL, "optim.wd=25", "tracking.experiment=diverged")
    process = workplace.start(*options)
    process.communicate(timeout=120)
    assert process.returncode == 1
    _, (run,) = workplace.runs("diverged")
    reason = run.data.tags["failure_reason"]
    assert reason == "diverged at epoch 3: train/loss is nan"
    code, lines, errors = again(workplace, run.info.run_id)
    assert (code, errors) == (0, "")
    assert "4 of 4 metrics identical to the last bit" in lines
    assert lines[-1] == f"Failure: {reason}; recorded: {reason}"


def test_a_run_that_is_recorded_as_diverged_and_does_not_diverge(workplace):
    said = "diverged at epoch 4: train/loss is nan"
    options = (*SMALL, "seed=7", "tracking.experiment=not diverged")
    workplace.run(*options)
    _, (run,) = workplace.runs("not diverged")
    run_id = run.info.run_id
    workplace.client.set_tag(run_id, "diverged", "4")
    workplace.client.set_tag(run_id, "failure_reason", said)
    workplace.client.update_run(run_id, "FAILED")
    code, lines, errors = again(workplace, run_id)
    assert (code, errors) == (1, "")
    assert f"Failure: none; recorded: {said}" in lines


def test_a_run_of_which_nothing_can_be_compared(workplace):
    options = (*SMALL, "seed=8", "tracking.experiment=bare")
    workplace.run(*options)
    _, (run,) = workplace.runs("bare")
    bare = workplace.client.create_run(run.info.experiment_id).info.run_id
    for file in ("config.yaml", "environment.yaml"):
        with tempfile.TemporaryDirectory() as folder:
            copy = workplace.client.download_artifacts(run.info.run_id, file, folder)
            workplace.client.log_artifact(bare, copy)
    workplace.client.set_terminated(bare, "FAILED")
    code, lines, errors = again(workplace, bare)
    assert (code, errors) == (1, "")
    assert "Nothing is recorded that could be compared" in lines


def test_of_an_interrupted_run_what_is_recorded_is_compared(workplace):
    options = (*SMALL, "epochs=90000", "tracking.experiment=interrupted")
    code, _, _ = workplace.watch(
        *options, until=["  epoch 2/"], act=lambda process: process.terminate()
    )
    assert code == 130
    _, (run,) = workplace.runs("interrupted")
    recorded = len(workplace.client.get_metric_history(run.info.run_id, "val/loss"))
    code, lines, errors = again(workplace, run.info.run_id)
    assert (code, errors) == (0, "")
    assert "4 of 4 metrics identical to the last bit" in lines
    assert len([line for line in lines if line.startswith("  epoch ")]) == recorded + 1


def test_wrong_runs(workplace, sweep, capsys, tmp_path):
    address = f"sqlite:///{workplace.folder}/mlflow.db"
    client = MlflowClient(address)
    bare = client.create_run("0").info.run_id
    for given, message in {
        "nosuchrun": f"nosuchrun is not a run in {address}: Run with id=nosuchrun not",
        sweep[1]: f"{sweep[1]} is a sweep; name one of its runs: python -m sweep.leaderboard",
        bare: f"run {bare} has no config.yaml and no environment.yaml, so it cannot be trained",
    }.items():
        assert run_command(reproduce, [given, "--tracking-uri", address]) == 2
        captured = capsys.readouterr()
        assert (captured.out, captured.err.startswith(message)) == ("", True), captured.err
    assert run_command(reproduce, ["any"]) == 2
    assert capsys.readouterr().err.startswith("no runs are recorded in sqlite:///mlflow.db: there")
    assert not list(tmp_path.glob("*.db"))


def test_comparing():
    recorded = {
        "a": {1: 0.1, 2: 0.2},
        "b": {1: 0.1, 2: 0.25, 3: 0.5},
        "c": {1: 1.0, 2: 2.0},
        "epoch_seconds": {1: 5.0},
    }
    new = {"a": {1: 0.1, 2: 0.2, 3: 0.3}, "b": {1: 0.1, 2: 0.5, 3: 0.25}, "c": {1: 1.0}}
    assert [(e.metric, e.epochs, e.first, e.largest) for e in compare(recorded, new)] == [
        ("a", 2, None, 0.0),
        ("b", 3, (2, 0.25, 0.5), 0.25),
        ("c", 2, (2, 2.0, None), 0.0),
    ]
