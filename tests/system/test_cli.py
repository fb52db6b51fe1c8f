import re
import signal
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image
from workplace import CURVES, Workplace

TINY = ("model=mlp", "model.hidden=[8]", "epochs=1", "figures=false")
MISSION = ("model=mlp,lenet", "optim.lr=0.1,0.2", "epochs=1")
NAMES = [
    "optim.lr=0.1 epochs=1 mlp relu mnist_5k",
    "optim.lr=0.2 epochs=1 mlp relu mnist_5k",
    "optim.lr=0.1 epochs=1 lenet tanh mnist_5k",
    "optim.lr=0.2 epochs=1 lenet tanh mnist_5k",
]


def by_model_and_lr(runs):
    return {(run.data.params["model.name"], run.data.params["optim.lr"]): run for run in runs}


def printed_command(lines, label):
    (line,) = [line for line in lines if line.startswith(f"{label}:")]
    return line.removeprefix(f"{label}:").strip()


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    return Workplace.without_record(tmp_path_factory.mktemp("cli"))


@pytest.fixture(scope="module")
def mission(workplace):
    """The lines that the first command in an empty folder prints."""
    return workplace.run(*MISSION, "--multirun")


# --- the main job ---


def test_a_sweep_records_its_runs_below_it(workplace, mission):
    (parent,), runs = workplace.runs("sweep")
    assert parent.info.status == "FINISHED"
    assert parent.info.run_name == " ".join(MISSION)
    assert len(runs) == 4
    for run in runs:
        assert run.info.status == "FINISHED"
        assert run.data.tags["mlflow.parentRunId"] == parent.info.run_id
        assert all(len(points) == 1 for points in workplace.curves(run).values())
        assert run.data.metrics["test/accuracy"] > 0.6
    assert {run.info.run_name for run in runs} == set(NAMES)
    assert len({run.data.tags["fingerprint"] for run in runs}) == 4


def test_the_plan_comes_first(mission):
    assert mission[:8] == [
        "4 runs:",
        "  model.name: mlp, lenet",
        "  model.hidden: [128, 64], [500]",
        "  model.activation: relu, tanh",
        "  optim.lr: 0.1, 0.2",
        "  mnist_5k: 3,500 images to train on, 500 to validate, 1,000 to test",
        mission[6],
        "  recorded in sqlite:///mlflow.db, experiment sweep",
    ]
    assert re.fullmatch(r"  up to 1 epoch, on (cpu|gpu)", mission[6])


def test_progress_shows_what_is_recorded(workplace, mission):
    _, runs = workplace.runs("sweep")
    number = r"(\d+\.\d{4})"
    pattern = "epoch 1/1"
    for key in CURVES[:4]:
        pattern += f"  {key} {number}"
    pattern += r"  \d+\.\d s, 0 s left"
    for run in runs:
        label = f"run {NAMES.index(run.info.run_name)}: "
        lines = [line.removeprefix(label) for line in mission if line.startswith(label)]
        assert (len(lines), lines[0]) == (3, run.info.run_name)
        shown = re.fullmatch(pattern, lines[1])
        assert shown, lines[1]
        for key, value in zip(CURVES, shown.groups(), strict=False):
            assert value == f"{run.data.metrics[key]:.4f}"
        val, test = run.data.metrics["val/accuracy"], run.data.metrics["test/accuracy"]
        assert lines[2] == f"epoch 1 kept: val/accuracy {val:.4f}  test/accuracy {test:.4f}"


def test_the_leaderboard_comes_last(workplace, mission):
    (parent,), runs = workplace.runs("sweep")
    begin = mission.index(next(line for line in mission if line.startswith("Leaderboard")))
    assert mission[begin].strip() == "Leaderboard: by val/accuracy, the highest first"
    rows = [line.replace("[128, 64]", "[128,64]").split() for line in mission[begin:]]
    header = ["rank", "dataset.name", "model.name", "model.hidden", "model.activation", "optim.lr"]
    assert [*header, "val/accuracy", "test/accuracy", "best_epoch"] in rows
    ranked = [row for row in rows if row and row[0] in "1234"]
    assert [row[0] for row in ranked] == ["1", "2", "3", "4"]
    found = by_model_and_lr(runs)
    accuracies = []
    for _, dataset, model, _, _, lr, val, test, _ in ranked:
        metrics = found.pop((model, lr)).data.metrics
        assert dataset == "mnist_5k"
        assert (float(val), float(test)) == (metrics["val/accuracy"], metrics["test/accuracy"])
        accuracies.append(metrics["val/accuracy"])
    assert not found
    assert accuracies == sorted(accuracies, reverse=True)
    assert re.fullmatch(
        r"MLFLOW_DISABLE_TELEMETRY=true (\S*/)?mlflow ui", printed_command(mission, "Browse")
    )
    assert printed_command(mission, "Compare").endswith(f"--sweep {parent.info.run_id}")


def compare(workplace, lines):
    """Give the command that was printed, as it was printed; return the table it writes."""
    done = subprocess.run(
        f"{printed_command(lines, 'Compare')} --output compared.csv",
        shell=True,
        cwd=workplace.folder,
        env=workplace.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return pd.read_csv(workplace.folder / "compared.csv", float_precision="round_trip")


def test_the_printed_command_compares_the_sweep(workplace, mission):
    table = compare(workplace, mission)
    _, runs = workplace.runs("sweep")
    expected = {run.info.run_id: run.data.metrics["test/accuracy"] for run in runs}
    assert dict(zip(table["run_id"], table["test/accuracy"], strict=True)) == expected
    assert list(table["rank"]) == [1, 2, 3, 4]
    assert list(table["val/accuracy"]) == sorted(table["val/accuracy"], reverse=True)


def test_the_leaderboard_is_a_command(workplace, mission):
    files = ["board.csv", "board.json"]
    output = [word for file in files for word in ("--output", file)]
    lines = workplace.run("--top", "2", *output, module="sweep.leaderboard")
    assert lines[-2:] == [f"Written: {file}" for file in files]
    tables = [
        pd.read_csv(workplace.folder / files[0]),
        pd.read_json(workplace.folder / files[1]),
    ]
    for table in tables:
        assert list(table["rank"]) == [1, 2]
        assert set(table["model.name"]) == {"lenet"}


def test_a_picture_is_classified_by_a_command(workplace, mission):
    stroke = np.zeros((28, 28), np.uint8)
    stroke[5:23, 13:16] = 255
    Image.fromarray(stroke).save(workplace.folder / "a.png")
    run = workplace.runs("sweep")[1][0]
    lines = workplace.run(run.info.run_id, "a.png", module="sweep.predict")
    assert "taken as it is" in "\n".join(lines)


# --- the report ---


def test_the_report_is_kept_with_the_sweep(workplace, mission):
    (parent,), runs = workplace.runs("sweep")
    artifacts = [each.path for each in workplace.client.list_artifacts(parent.info.run_id)]
    assert artifacts == ["planned.json", "report.html"]
    file = workplace.folder / printed_command(mission, "Report")
    assert file.relative_to(workplace.folder).parts[-3:] == (
        *(parent.info.run_id, "artifacts", "report.html"),
    )
    page = file.read_text()
    note = parent.data.tags["mlflow.note.content"]
    command, _, counts, *_ = note.split("\n")
    assert command == f"    python -m sweep {' '.join(MISSION)} --multirun"
    assert counts == "4 runs: 4 FINISHED, by val/accuracy, the best first:"
    assert f"<h1>{' '.join(MISSION)}</h1>" in page
    for run in runs:
        assert run.info.run_id in page
        assert f'<td class="number" data-key="{run.data.metrics["val/accuracy"]!r}">' in page


def test_a_sweep_that_is_trained_already_names_the_command(workplace, mission):
    lines = workplace.run(*MISSION, "--multirun")
    (parent,), _ = workplace.runs("sweep")
    command = printed_command(lines, "Report")
    assert command.endswith(f"python -m sweep.report --sweep {parent.info.run_id}")
    before = sorted(workplace.folder.iterdir())
    lines = workplace.run(*command.split()[3:], module="sweep.report")
    assert lines == ["Written: report.html, to be opened in any browser"]
    (new,) = set(workplace.folder.iterdir()) - set(before)
    assert new.name == "report.html"
    assert f"<h1>{' '.join(MISSION)}</h1>" in new.read_text()
    new.unlink()


def test_a_sweep_without_figures_names_the_command(workplace):
    where = "tracking.experiment=no_figures"
    lines = workplace.run(*TINY, where, "optim.lr=0.1,0.2", "--multirun")
    (parent,), runs = workplace.runs("no_figures")
    id_ = parent.info.run_id
    assert printed_command(lines, "Report").endswith(f"python -m sweep.report --sweep {id_}")
    assert [each.path for each in workplace.client.list_artifacts(id_)] == ["planned.json"]
    assert "2 runs: 2 FINISHED" in parent.data.tags["mlflow.note.content"]
    for run in runs:
        kept = {each.path for each in workplace.client.list_artifacts(run.info.run_id)}
        assert kept == {"config.yaml", "environment.yaml", "parameters"}


# Is python -m sweep, but matplotlib cannot be imported, neither here nor in the processes of runs.
UNDRAWN = """
import sys

class Broken:
    def find_spec(self, name, path=None, target=None):
        if name == "matplotlib":
            raise ImportError("no\\nfonts")

for name in [*sys.modules]:  # what was imported before, and what it is for
    if name.startswith(("matplotlib", "sweep.reporting", "sweep.runs.drawing")):
        del sys.modules[name]
sys.meta_path.insert(0, Broken())

if __name__ == "__main__":
    from sweep.__main__ import main
    main()
"""


def test_a_report_that_cannot_be_drawn_does_not_fail_the_sweep(workplace, mission, tmp_path):
    (workplace.folder / "undrawn.py").write_text(UNDRAWN)
    options = ("figures=true", "tracking.experiment=no report", "optim.lr=0.1,0.2")
    lines = workplace.run(*TINY[:-1], *options, "--multirun", module="undrawn")
    (parent,), runs = workplace.runs("no report")
    for run in runs:
        drawn = [each.path for each in workplace.client.list_artifacts(run.info.run_id, "figures")]
        assert "figures/failed.txt" in drawn and "figures/confusion.png" not in drawn
    assert [run.info.status for run in (parent, *runs)] == ["FINISHED"] * 3
    told = printed_command(lines, "Report")
    assert told.startswith("not written (ImportError: no fonts); to try again: ")
    assert told.endswith(f"python -m sweep.report --sweep {parent.info.run_id}")
    _, artifact = workplace.client.list_artifacts(parent.info.run_id)
    assert artifact.path == "report_traceback.txt"
    file = workplace.client.download_artifacts(parent.info.run_id, artifact.path, str(tmp_path))
    assert "ImportError: no\nfonts" in Path(file).read_text()


# --- the same results however it is started ---


@pytest.fixture(scope="module")
def single(workplace, mission):
    return workplace.run("model=mlp", "optim.lr=0.1", "epochs=1", "tracking.experiment=single")


def test_a_single_run(workplace, single):
    parents, (run,) = workplace.runs("single")
    assert parents == []
    assert run.info.status == "FINISHED"
    assert "mlflow.parentRunId" not in run.data.tags
    assert run.info.run_name == "optim.lr=0.1 epochs=1 mlp relu mnist_5k"
    assert single[:2] == [
        "1 run:",
        "  mnist_5k: 3,500 images to train on, 500 to validate, 1,000 to test",
    ]
    assert single[4] == run.info.run_name
    assert single[5].startswith("  epoch 1/1  train/loss ")
    assert f"Recorded as run {run.info.run_id}" in single
    assert printed_command(single, "Browse").endswith("mlflow ui")


def test_a_run_gives_the_same_alone_and_in_a_sweep(workplace, single):
    _, (alone,) = workplace.runs("single")
    within = by_model_and_lr(workplace.runs("sweep")[1])["mlp", "0.1"]
    assert workplace.curves(alone) == workplace.curves(within)
    assert alone.data.params == within.data.params
    assert alone.data.tags["fingerprint"] == within.data.tags["fingerprint"]


OTHER_LAUNCHERS = {
    "basic": ("hydra/launcher=basic",),
    "joblib": ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2"),
}


@pytest.mark.parametrize("launcher", ["basic", pytest.param("joblib", marks=pytest.mark.nightly)])
def test_runs_give_the_same_under_another_launcher(workplace, mission, launcher):
    options = (*OTHER_LAUNCHERS[launcher], f"tracking.experiment={launcher}", "figures=false")
    lines = workplace.run(*MISSION, *options, "--multirun")
    (parent,), runs = workplace.runs(launcher)
    assert parent.info.status == "FINISHED"
    for run in runs:
        assert run.info.status == "FINISHED"
        assert run.data.tags["mlflow.parentRunId"] == parent.info.run_id
    found, expected = by_model_and_lr(runs), by_model_and_lr(workplace.runs("sweep")[1])
    assert len(runs) == 4
    assert set(found) == set(expected)
    for key, run in found.items():
        assert workplace.curves(run) == workplace.curves(expected[key])
        assert run.info.run_name == expected[key].info.run_name
        assert run.data.tags["fingerprint"] == expected[key].data.tags["fingerprint"]
    assert "Leaderboard: by val/accuracy, the highest first" in [line.strip() for line in lines]
    if launcher == "basic":  # one after another, in the order of the command
        for name in NAMES:
            at = lines.index(name)
            assert lines[at + 1].startswith("  epoch 1/1  train/loss ")
            assert lines[at + 2].startswith("  epoch 1 kept: val/accuracy ")
        assert [line for line in lines if line in NAMES] == NAMES


def test_the_printed_command_compares_a_sweep_recorded_elsewhere(workplace, mission):
    where = ("tracking.uri=sqlite:///other.db", "tracking.experiment=another one")
    lines = workplace.run(*TINY, "seed=0,1", *where, "--multirun")
    table = compare(workplace, lines)
    assert list(table["rank"]) == [1]
    assert list(table["seeds"]) == [2]
    browse = printed_command(lines, "Browse")
    assert browse.endswith("mlflow ui --backend-store-uri sqlite:///other.db")


def test_a_run_that_fails_does_not_stop_the_others(workplace, mission):
    options = ("optim.lr=1e30,0.1", "monitor=val/loss", "tracking.experiment=failing")
    process = workplace.start(*TINY, *options, "--multirun")
    output, errors = process.communicate(timeout=300)
    assert (process.returncode, errors) == (1, "1 of 2 runs failed\n")
    lines = [line.strip() for line in output.splitlines()]
    (parent,), runs = workplace.runs("failing")
    by_rate = {run.data.params["optim.lr"]: run for run in runs}
    failed, finished = by_rate["1e+30"], by_rate["0.1"]
    assert len(runs) == 2
    assert parent.info.status == failed.info.status == "FAILED"
    assert parent.data.tags["failure_reason"] == "1 of 2 runs failed"
    reason = failed.data.tags["failure_reason"]
    assert re.fullmatch(r"diverged at epoch 1: \S+ is (nan|inf)", reason)
    assert f"run 0: failed: {reason}" in lines
    assert finished.info.status == "FINISHED"
    assert "Leaderboard: by val/loss, the lowest first" in lines
    assert f"Best: {finished.info.run_name} (run {finished.info.run_id})" in lines
    assert "1 run finished, 1 failed" in lines
    assert "Failed" in lines
    assert "Not ranked" not in lines  # it is in the table of what failed, with its log
    assert parent.data.metrics == {"val/loss": finished.data.metrics["val_at_best/loss"]}
    assert "--metric val/loss" in printed_command(lines, "Compare")


# --- options ---


def test_early_stopping_stops_and_keeps_the_best(workplace, single):
    # No epoch after the first can gain 0.99.
    stopping = ("early_stopping.patience=2", "early_stopping.min_delta=0.99")
    where = "tracking.experiment=early"
    lines = workplace.run("model=mlp", "optim.lr=0.1", "epochs=20", *stopping, where)
    _, (run,) = workplace.runs("early")
    curves = workplace.curves(run)
    assert [step for step, _ in curves["val/accuracy"]] == [1, 2, 3]
    assert run.info.status == "FINISHED"
    assert run.data.metrics["best_epoch"] == 1
    assert [line for line in lines if line.startswith("  epoch 1 kept: ")]
    # What is kept and tested is what one epoch alone gives.
    alone = workplace.curves(workplace.runs("single")[1][0])
    assert curves["test/accuracy"] == alone["test/accuracy"]
    assert curves["test/loss"] == alone["test/loss"]
    assert curves["train/loss"][0] == alone["train/loss"][0]


def test_a_preset_that_measures_on_the_test_set(workplace, mission):
    protocol = ("experiment=tutorial_mlp", "dataset=mnist_5k", "dataset.val_size=0", "epochs=2")
    protocol += ("figures=false",)
    where = "tracking.experiment=protocol"
    lines = workplace.run(*protocol, "optim.lr=0.01,0.2", where, "--multirun")
    assert "  measured on the test set after every epoch (test_every_epoch=true)" in lines
    (_,), runs = workplace.runs("protocol")
    assert len(runs) == 2
    for run in runs:
        curves = workplace.curves(run)
        assert [step for step, _ in curves["test/accuracy"]] == [1, 2]
        assert curves["val/accuracy"] == []
        assert run.data.params["preset"] == "tutorial_mlp"
        assert run.info.run_name.startswith("tutorial_mlp ")
        assert {each.tags[0].value for each in run.inputs.dataset_inputs} == {
            "training",
            "testing",
        }
    assert "Leaderboard: by test/accuracy, the highest first" in [line.strip() for line in lines]
    ranked = [line.split() for line in lines if re.match(r"\s+[12]\s", line)]
    by_rate = {run.data.params["optim.lr"]: run.data.metrics["test/accuracy"] for run in runs}
    slow, fast = by_rate["0.01"], by_rate["0.2"]
    assert fast > slow
    assert [row[2:4] for row in ranked] == [["0.2", f"{fast:.4f}"], ["0.01", f"{slow:.4f}"]]
    assert "--metric test/accuracy" in printed_command(lines, "Compare")


def test_a_preset_on_the_full_set(workplace, mission, published):
    root = f"dataset.root={published / 'mnist'}"
    where = "tracking.experiment=full"
    lines = workplace.run("experiment=tutorial_mlp", root, "epochs=1", where)
    _, (run,) = workplace.runs("full")
    assert "  measured on the test set after every epoch (test_every_epoch=true)" in lines
    assert run.info.run_name == "tutorial_mlp epochs=1 mlp relu mnist"
    assert run.info.run_name in lines
    assert run.data.metrics["test/accuracy"] > 0.9
    assert "val/accuracy" not in run.data.metrics


def test_sweeps_kept_in_a_file(workplace, mission):
    params = "hydra.sweeper.params={optim.lr:'0.1,0.2'}"
    lines = workplace.run(*TINY, params, "seed=3,4", "tracking.experiment=params", "--multirun")
    assert lines[:3] == ["4 runs:", "  optim.lr: 0.1, 0.2", "  seed: 3, 4"]
    _, runs = workplace.runs("params")
    assert sorted((run.data.params["optim.lr"], run.data.params["seed"]) for run in runs) == [
        *(("0.1", "3"), ("0.1", "4")),
        *(("0.2", "3"), ("0.2", "4")),
    ]


def test_help(sweep_command, tmp_path):
    done = sweep_command("--help")
    assert done.returncode == 0, done.stderr
    assert "  sweep model=lenet optim.lr=0.1,0.2 --multirun  " in done.stdout
    assert "model: alexnet, custom, densenet, googlenet, lenet, linear, mlp, nin" in done.stdout
    assert "lr: 0.1" in done.stdout
    assert not list(tmp_path.glob("ml*"))


def test_the_composed_configuration_can_be_seen(sweep_command, tmp_path):
    done = sweep_command("--cfg", "job", "model=lenet", "optim.lr=0.3")
    assert done.returncode == 0, done.stderr
    shown = yaml.safe_load(done.stdout)
    assert shown["model"]["channels"] == [20, 50]
    sgd = {"name": "sgd", "lr": 0.3, "wd": 0.0, "momentum": 0.0}
    assert shown["optim"] == {**sgd, "wd_on": "all", "clip_norm": None}
    assert not list(tmp_path.glob("ml*"))


# --- interrupts ---


@pytest.mark.parametrize(
    "number", [pytest.param(signal.SIGINT, marks=pytest.mark.nightly), signal.SIGTERM]
)
def test_an_interrupted_sweep(workplace, mission, number):
    """Of runs one after another in one process; for those of the local launcher see there."""
    experiment = number.name
    launcher = ("hydra/launcher=basic", f"tracking.experiment={experiment}")
    code, lines, errors = workplace.watch(
        *("model=mlp,lenet", "epochs=9", *launcher, "--multirun"),
        until=["epochs=9 lenet tanh"],
        then="  epoch 1/",
        act=lambda process: process.send_signal(number),
    )
    assert code == 130
    assert errors == "Interrupted.\n"
    assert "Traceback" not in "\n".join(lines)
    assert "  interrupted: recorded as KILLED" in lines

    (parent,), (first, second) = workplace.runs(experiment)
    assert parent.info.status == "KILLED"
    told = printed_command(lines, "Report")
    assert told.endswith(f"python -m sweep.report --sweep {parent.info.run_id}")
    assert (first.data.params["model.name"], first.info.status) == ("mlp", "FINISHED")
    assert (second.data.params["model.name"], second.info.status) == ("lenet", "KILLED")
    steps = [step for step, _ in workplace.curves(second)["train/loss"]]
    assert steps == list(range(1, len(steps) + 1))
    assert 1 <= len(steps) < 9
    assert "test/accuracy" not in second.data.metrics

    # What was trained is compared, and what was interrupted is named.
    assert f"Best: {first.info.run_name} (run {first.info.run_id})" in lines
    assert "Not ranked" in [line.strip() for line in lines]
    (row,) = [line.split() for line in lines if line.split()[:1] == ["KILLED"]]
    assert row[-1] == second.info.run_id
    assert printed_command(lines, "Browse").endswith("mlflow ui")


def test_an_interrupted_run(workplace, mission):
    code, lines, errors = workplace.watch(
        *("model=lenet", "epochs=9", "tracking.experiment=interrupted"),
        until=["epochs=9 lenet tanh"],
        then="  epoch 1/",
        act=lambda process: process.send_signal(signal.SIGINT),
    )
    assert code == 130
    assert errors == "Interrupted.\n"
    assert lines[-1] == "  interrupted: recorded as KILLED"
    _, (run,) = workplace.runs("interrupted")
    assert run.info.status == "KILLED"
    assert run.info.end_time is not None


# --- look at what is recorded, and tidy it ---


def test_a_run_is_shown_and_found_by_the_beginning_of_its_id(workplace, mission):
    _, runs = workplace.runs("sweep")
    run = by_model_and_lr(runs)["lenet", "0.2"]
    lines = workplace.run("show", run.info.run_id[:10])
    assert lines[:3] == [NAMES[3], f"Run:        {run.info.run_id}", "State:      FINISHED"]
    assert lines[-1] == "  sweep model=lenet optim.lr=0.2 epochs=1 context=cpu"
    assert any(line.endswith("  parameters/names.json") for line in lines)
    assert workplace.run("list")[-2].split()[-4:] == ["sweep", *MISSION]


def test_two_runs_and_two_sweeps_are_compared(workplace, mission):
    _, runs = workplace.runs("sweep")
    first, second = (by_model_and_lr(runs)["mlp", lr].info.run_id for lr in ("0.1", "0.2"))
    lines = workplace.run("diff", first, second)
    assert ["optim.lr", "0.1", "0.2"] in [line.split() for line in lines]
    assert "Images: the same" in lines
    assert "Environment: the same" in lines
    assert "Curves part in epoch 1" in lines
    assert lines[-1] == "Parameters: not identical"
    assert workplace.run("diff", first, first)[-1] == "Parameters: identical to the last bit"


def test_a_sweep_is_deleted_with_all_that_is_its_own(workplace, mission):
    """Of seeds that no other run has, and so none has started from."""
    before = set((workplace.folder / "mlruns").rglob("*.params"))
    workplace.run(*TINY, "seed=11,12", "tracking.experiment=deleted", "--multirun")
    (parent,), runs = workplace.runs("deleted")
    number = workplace.folder / "mlruns" / parent.info.experiment_id
    assert len(list(number.rglob("*.params"))) == len(runs) == 2
    assert parent.info.run_id[:7] in "\n".join(workplace.run("list"))

    assert workplace.run("delete", parent.info.run_id[:10], "--yes")[-1] == "Removed."
    assert set((workplace.folder / "mlruns").rglob("*.params")) == before
    assert workplace.runs("deleted") == ([], [])
    assert parent.info.run_id[:7] not in "\n".join(workplace.run("list"))


def test_the_doctor_finds_nothing_wrong(workplace):
    lines = workplace.run("doctor")
    assert lines[-1] == "Nothing is wrong."
    assert any(line.startswith("ok     MXNet: 1.9.1 computes, with NumPy ") for line in lines)
