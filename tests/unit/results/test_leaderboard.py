import contextlib
import errno
import gc
import json
import re
from datetime import datetime, timezone
from pathlib import Path

import pandas as pd
import pytest
from mlflow import MlflowClient
from store import BEGIN, Store

from sweep.commands import leaderboard as command
from sweep.commands.cli import run
from sweep.config.metrics import direction_of
from sweep.errors import UserError
from sweep.results.aggregate import COUNTS as counted
from sweep.results.cells import ranked_cells
from sweep.results.export import WRITERS, export
from sweep.results.leaderboard import load_leaderboard
from sweep.results.runs import COLUMNS
from sweep.tracking import run_info as past

COUNTS = ["seeds", "failed", "pruned", "paused", "killed", "running"]
ENDS = ["failure_reason", "duration_seconds", "start_time", "fingerprint", "run_id"]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def three(store):
    """An experiment with three finished runs, as they are without a tie."""
    for lr, accuracy, loss in ((0.1, 0.8, 0.7), (0.2, 0.9, 0.8), (0.3, 0.7, 0.3)):
        metrics = {"val/accuracy": accuracy, "val/loss": loss, "test/accuracy": accuracy - 0.03125}
        store.run("three", params={"optim.lr": lr}, metrics={**metrics, "best_epoch": 1})
    return "three"


# --- ranking ---


@pytest.mark.parametrize(
    ("options", "order"),
    [
        ({}, [0.2, 0.1, 0.3]),
        ({"metric": "val/loss"}, [0.3, 0.1, 0.2]),
        ({"direction": "min"}, [0.3, 0.1, 0.2]),
        ({"metric": "val/loss", "direction": "max"}, [0.2, 0.1, 0.3]),
        ({"metric": "test/accuracy", "direction": "max"}, [0.2, 0.1, 0.3]),
    ],
)
def test_ranks_by_metric_and_direction(store, three, options, order):
    table = store.table(three, **options)
    assert list(table["optim.lr"]) == order
    assert list(table["rank"]) == [1, 2, 3]


@pytest.mark.parametrize("prefix", ["", "val/", "test/", "train/"])
def test_direction_is_known_by_the_name(prefix):
    assert direction_of(f"{prefix}accuracy") == "max"
    assert direction_of(f"{prefix}loss") == "min"


def test_direction_of_times():
    assert direction_of("images_per_second") == "max"
    assert direction_of("epoch_seconds") == "min"
    assert direction_of("epoch_seconds") == "min"


def test_a_metric_of_unknown_direction(store):
    for value in (1.5, 2.5):
        store.run("own metric", metrics={"val/accuracy": 0.5, "f1": value})
    with pytest.raises(UserError, match=r"^metric f1: say which end is better with --direction"):
        store.table("own metric", metric="f1")
    assert list(store.table("own metric", metric="f1", direction="max")["f1"]) == [2.5, 1.5]
    assert list(store.table("own metric", metric="f1", direction="min")["f1"]) == [1.5, 2.5]


def test_ties_are_broken_by_fingerprint_in_whatever_order_they_were_trained(store):
    for experiment, order in (("ties", "cab"), ("ties again", "bca")):
        for fingerprint in order:
            store.run(experiment, metrics={"val/accuracy": 0.5}, fingerprint=fingerprint)
        for direction in ("max", "min"):
            table = store.table(experiment, direction=direction)
            assert list(table["fingerprint"]) == ["a", "b", "c"]
            assert list(table["rank"]) == [1, 2, 3]


def test_equal_runs_are_ordered_by_age_then_by_id(store):
    ages = (3, 1, 1, 2)
    ids = [
        store.run("age", metrics={"val/accuracy": 0.5}, fingerprint="same", begin=BEGIN + age)
        for age in ages
    ]
    expected = [run_id for _, run_id in sorted(zip(ages, ids, strict=True))]
    assert list(store.table("age")["run_id"]) == expected


def test_only_finished_runs_are_ranked(store):
    for status in ("RUNNING", "KILLED", "FAILED"):
        reason = {"failure_reason": "diverged at epoch 2"} if status == "FAILED" else {}
        store.run("states", status, metrics={"val/accuracy": 0.99}, **reason)
    store.run("states", "KILLED", metrics={"val/accuracy": 0.99}, pruned_after_epoch="3")
    store.run("states", metrics={"val/accuracy": 0.1})
    store.run("states", metrics={"val/accuracy": 0.2})
    for table in (store.table("states"), store.by_seed("states")):
        others = ["FAILED", "KILLED", "PRUNED", "RUNNING"]
        assert list(table["status"]) == ["FINISHED", "FINISHED", *others]
        assert list(table["val/accuracy"][:2]) == [0.2, 0.1]
        assert list(table["rank"].fillna(0)) == [1, 2, 0, 0, 0, 0]
        assert table["failure_reason"].notna().tolist() == [False, False, True, *[False] * 3]
        assert table["failure_reason"][2] == "diverged at epoch 2"
        assert table["duration_seconds"].isna().tolist() == [False] * 5 + [True]
    assert list(store.by_seed("states")["val/accuracy"][2:]) == [0.99] * 4
    assert store.table("states")["val/accuracy"][2:].isna().all()  # a mean is of FINISHED runs
    assert store.table("states")[COUNTS].to_numpy().tolist() == [
        *([1, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0]),
        *([0, 0, 0, 0, 1, 0], [0, 0, 1, 0, 0, 0], [0, 0, 0, 0, 0, 1]),
    ]


def test_a_finished_run_without_a_value_is_not_ranked(store):
    store.run("no value", metrics={"test/accuracy": 0.9})
    store.run("no value", metrics={"val/accuracy": 0.5, "test/accuracy": 0.4})
    store.run("no value", metrics={"val/accuracy": float("nan"), "test/accuracy": 0.8})
    table = store.table("no value")
    assert list(table["test/accuracy"])[0] == 0.4
    assert list(table["rank"].fillna(0)) == [1, 0, 0]


def test_nothing_but_failures(store, capsys):
    store.run("all failed", "FAILED", failure_reason="ValueError: because", name="the one")
    store.run("all failed", "KILLED")
    table = store.table("all failed")
    assert list(table["status"]) == ["FAILED", "KILLED"]
    assert table["rank"].isna().all()
    assert store.main("all failed") == 0
    shown = capsys.readouterr().out
    assert "Not ranked" in shown
    assert "the one" in shown and "ValueError: because" in shown
    assert "Best" not in shown


# --- columns ---


def test_all_columns(store, three):
    table, by_seed = store.table(three), store.by_seed(three)
    begin = [
        *("rank", "run", "status", "dataset.name", "optim.lr"),
        *("val/accuracy", "test/accuracy", "val/loss", "best_epoch"),
    ]
    assert list(table.columns) == [*begin, *COUNTS, *ENDS]
    assert list(by_seed.columns) == [*begin, *ENDS]
    pd.testing.assert_frame_equal(table[by_seed.columns], by_seed)
    assert list(table["dataset.name"]) == ["mnist_5k"] * 3
    assert table["seeds"].tolist() == [1, 1, 1]


def test_only_parameters_that_differ_are_shown(store):
    lenet = {"model.name": "lenet", "model.kernels": "[5, 5]", "optim.wd": 0.0}
    mlp = {"model.name": "mlp", "optim.wd": 0.0}
    for each in (lenet, mlp):
        for seed in (0, 1):
            store.run("varying", params={**each, "seed": seed}, metrics={"val/accuracy": 0.5})
    # All LeNets have the same kernels: what differs is the model.
    columns = list(store.by_seed("varying").columns)
    assert columns[3 : columns.index("val/accuracy")] == ["dataset.name", "model.name", "seed"]
    table = store.table("varying")
    assert table.attrs["parameters"] == ["dataset.name", "model.name"]


def test_a_parameter_that_differs_within_one_model_is_shown(store):
    store.run("within", params={"model.name": "mlp"}, metrics={"val/accuracy": 0.5})
    for kernels in ("[5, 5]", "[3, 3]"):
        params = {"model.name": "lenet", "model.kernels": kernels}
        store.run("within", params=params, metrics={"val/accuracy": 0.6})
    table = store.table("within")
    assert set(table["model.kernels"].dropna()) == {"[5, 5]", "[3, 3]"}
    assert table["model.kernels"].isna().tolist() == [False, False, True]


def test_a_single_run_has_its_dataset(store):
    store.run("single", params={"dataset.name": "mnist"}, metrics={"val/accuracy": 0.5})
    table = store.table("single")
    assert list(table.columns[:5]) == ["rank", "run", "status", "dataset.name", "val/accuracy"]
    assert table["dataset.name"][0] == "mnist"


def test_runs_on_different_datasets_say_so(store):
    for name in ("mnist", "fashion_mnist"):
        store.run("two datasets", params={"dataset.name": name}, metrics={"val/accuracy": 0.5})
    columns = list(store.table("two datasets").columns)
    assert columns.count("dataset.name") == 1


def test_metrics_are_those_of_the_epoch_that_was_kept(store):
    store.run(
        "kept",
        metrics={
            **{"val/accuracy": [0.5, 0.9, 0.6], "train/loss": [0.3, 0.2, 0.1]},
            **{"val_at_best/accuracy": 0.9, "train_at_best/loss": 0.2, "best_epoch": 2},
            "test/accuracy": 0.85,
        },
        name="early",
    )
    store.run(
        "kept",
        metrics={
            **{"val/accuracy": [0.5, 0.6, 0.7], "train/loss": [0.3, 0.2, 0.15]},
            **{"val_at_best/accuracy": 0.7, "train_at_best/loss": 0.15, "best_epoch": 3},
            "test/accuracy": 0.65,
        },
        name="late",
    )
    store.run("kept", "KILLED", metrics={"val/accuracy": [0.9, 0.8]}, name="interrupted")
    table = store.by_seed("kept").set_index("run")
    assert not [name for name in table.columns if "_at_best/" in name]
    assert list(table.index) == ["early", "late", "interrupted"]
    assert list(table["val/accuracy"]) == [0.9, 0.7, 0.8]
    assert list(table["train/loss"][:2]) == [0.2, 0.15]
    assert list(table["best_epoch"][:2]) == [2, 3]
    assert pd.isna(table["best_epoch"]["interrupted"])


def test_runs_that_held_nothing_out(store):
    for accuracies in ([0.5, 0.6], [0.9, 0.55]):
        store.run("protocol", metrics={"test/accuracy": accuracies})
    with pytest.raises(UserError) as raised:
        store.table("protocol")
    assert str(raised.value) == (
        "no finished run has the metric val/accuracy; there are: test/accuracy; these runs held "
        "no images out and were measured on the test set after every epoch: rank them with "
        "--metric test/accuracy"
    )
    table = store.table("protocol", metric="test/accuracy")
    assert list(table["test/accuracy"]) == [0.6, 0.55]  # the last epoch's
    assert "val/accuracy" not in table
    store.run("numbers tested", metrics={"test/loss": [0.5, 0.6]})
    with pytest.raises(UserError, match="rank them with --metric test/loss$"):
        store.table("numbers tested")


def test_runs_without_an_accuracy_are_ranked_by_their_loss(store):
    for loss in (0.5, 0.2):
        store.run("numbers", metrics={"val/loss": [loss], "test/loss": [loss]})
    table = store.table("numbers")
    assert table.attrs["metric"] == "val/loss"
    assert list(table["val/loss"]) == [0.2, 0.5]
    with pytest.raises(UserError) as raised:
        store.table("numbers", metric="val/accuracy")
    assert str(raised.value) == (
        "no finished run has the metric val/accuracy; there are: val/loss, test/loss"
    )
    store.run("numbers", "FAILED", metrics={"val/accuracy": 0.5})
    assert store.table("numbers").attrs["metric"] == "val/loss"  # of those that are ranked
    with pytest.raises(UserError, match=r"there are: val/loss, test/loss$"):
        store.table("numbers", metric="val/accuracy")


def monitoring(store, experiment, monitor, parent, **metrics):
    measured = {f"val/{name}": value for name, value in metrics.items()}
    return store.run(experiment, params={"monitor": monitor}, metrics=measured, parent=parent)


def test_a_sweep_is_ranked_by_what_all_of_its_runs_monitor(store):
    parent = store.run("monitored", **{"sweep.kind": "sweep"})
    for accuracy, f1 in ((0.75, 0.5), (0.5, 0.75)):
        both = {"accuracy": accuracy, "macro_f1": f1}
        monitoring(store, "monitored", "val/macro_f1", parent, **both)
    for read in (store.table, store.by_seed):
        table = read("monitored", sweep=parent)
        assert table.attrs["metric"] == "val/macro_f1"
        assert list(table["val/macro_f1"]) == [0.75, 0.5]
        assert read("monitored").attrs["metric"] == "val/accuracy"  # of the whole experiment
    store.run("monitored", "FAILED", params={"monitor": "val/loss"}, parent=parent)
    assert store.table("monitored", sweep=parent).attrs["metric"] == "val/macro_f1"
    monitoring(store, "monitored", "val/loss", parent, accuracy=0.25, loss=0.5)
    assert store.table("monitored", sweep=parent).attrs["metric"] == "val/accuracy"


@pytest.mark.parametrize("monitor", ["val/loss", "val/of_a_plugin"])
def test_a_sweep_whose_runs_monitor_what_is_not_measured_or_known(store, monitor):
    experiment = f"monitors {monitor}"
    parent = store.run(experiment, **{"sweep.kind": "sweep"})
    monitoring(store, experiment, monitor, parent, accuracy=0.5, of_a_plugin=0.5)
    assert store.table(experiment, sweep=parent).attrs["metric"] == "val/accuracy"


def test_a_sweep_that_held_nothing_out_is_ranked_as_it_was_tested(store):
    parent = store.run("held nothing out", **{"sweep.kind": "sweep"})
    tested = {"test/accuracy": 0.5, "test/loss": 0.25}
    params = {"monitor": "val/accuracy"}
    store.run("held nothing out", params=params, metrics=tested, parent=parent)
    table = store.table("held nothing out", sweep=parent)
    assert table.attrs["metric"] == "test/accuracy"


def test_runs_of_which_none_is_finished_are_shown_by_what_they_have(store):
    store.run("unfinished", "RUNNING", metrics={"val/loss": 0.5})
    assert store.table("unfinished").attrs["metric"] == "val/loss"


@pytest.mark.parametrize(
    ("metric", "shown"),
    [
        ("val/macro_f1", ["val/macro_f1", "test/macro_f1", "val/accuracy", "test/accuracy"]),
        ("val/loss", ["val/loss", "val/accuracy", "test/accuracy"]),
        ("val/accuracy", ["val/accuracy", "test/accuracy"]),
        ("test/macro_f1", ["test/macro_f1", "val/accuracy", "test/accuracy"]),
    ],
)
def test_what_they_are_ranked_by_has_the_same_of_the_test_set_beside_it(metric, shown):
    measured = ("val/macro_f1", "val/accuracy", "test/accuracy", "test/macro_f1", "val/loss")
    ranked = pd.DataFrame([{"rank": 1, **dict.fromkeys(measured, 0.5)}])
    ranked.attrs["parameters"] = []
    assert [*ranked_cells(ranked, metric)] == ["rank", *shown]


def test_numbers_are_numbers(store):
    for lr, hidden, patience in ((0.1, "[128, 64]", "null"), (1e-05, "[16]", "3")):
        params = {"optim.lr": lr, "model.hidden": hidden, "early_stopping.patience": patience}
        metrics = {"val/accuracy": 0.5, "best_epoch": 3, "epoch_seconds": 0.25}
        store.run("types", params={**params, "seed": int(lr * 10)}, metrics=metrics)
    table = store.table("types")
    assert {name: str(table[name].dtype) for name in table.columns.drop("failure_reason")} == {
        **{"rank": "Int64", "run": "object", "status": "object", "dataset.name": "object"},
        **{"optim.lr": "float64", "model.hidden": "object", "early_stopping.patience": "object"},
        **{"val/accuracy": "float64", "best_epoch": "Int64"},
        **dict.fromkeys(COUNTS, "int64"),
        **{"epoch_seconds": "float64", "duration_seconds": "float64"},
        **{"start_time": "datetime64[ns, UTC]", "fingerprint": "object", "run_id": "object"},
    }
    assert sorted(table["optim.lr"]) == [1e-05, 0.1]
    assert list(table["duration_seconds"]) == [2.5, 2.5]


def test_start_time_is_utc(store):
    store.run("time", metrics={"val/accuracy": 0.5}, begin=BEGIN)
    began = store.table("time")["start_time"][0]
    assert began == datetime(2023, 11, 14, 22, 13, 20, tzinfo=timezone.utc)


# --- which runs ---


def test_one_sweep_alone(store):
    parents = [store.run("sweeps", **{"sweep.kind": "sweep"}) for _ in range(2)]
    children = {
        parent: {store.run("sweeps", metrics={"val/accuracy": 0.5}, parent=parent) for _ in "ab"}
        for parent in parents
    }
    alone = store.run("sweeps", metrics={"val/accuracy": 0.5})
    for parent in parents:
        assert set(store.table("sweeps", sweep=parent)["run_id"]) == children[parent]
    everything = {alone}.union(*children.values())
    assert set(store.table("sweeps")["run_id"]) == everything  # without the parents


def test_runs_on_several_pages(store, monkeypatch):
    for number in range(5):
        params = {"optim.lr": number, **({"model.kernels": "[5, 5]"} if number % 2 else {})}
        reason = {"failure_reason": "because"} if number == 3 else {}
        store.run("pages", params=params, metrics={"val/accuracy": number / 10}, **reason)
    whole = store.by_seed("pages")
    assert list(whole["optim.lr"]) == [4, 3, 2, 1, 0]
    assert whole["failure_reason"].notna().tolist() == [False, True, False, False, False]
    monkeypatch.setattr(past, "RUNS_A_PAGE", 2)
    pd.testing.assert_frame_equal(store.by_seed("pages"), whole, check_exact=True)


@pytest.mark.parametrize("switch", [gc.enable, gc.disable])
def test_garbage_is_collected_afterwards_if_it_was_before(store, three, switch):
    before = gc.isenabled()
    try:
        switch()
        store.table(three)
        assert gc.isenabled() == (switch is gc.enable)
    finally:
        if before:
            gc.enable()


def test_the_address_comes_from_the_environment_too(store, three, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.uri)
    pd.testing.assert_frame_equal(load_leaderboard(three), store.table(three))


def test_looking_for_runs_creates_nothing(capsys):
    assert run(command.leaderboard, []) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("no runs are recorded in sqlite:///mlflow.db: there is no such")
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--metric", "val/acuracy"], "metric val/acuracy: say which end is better"),
        (
            ["--metric", "test/loss"],
            "no finished run has the metric test/loss; "
            "there are: val/accuracy, test/accuracy, val/loss, best_epoch\n",
        ),
        (["--experiment", "nope"], "experiment nope is not in sqlite:///"),
        (["--sweep", "nope"], "sweep nope has no runs in experiment three of sqlite:///"),
        (["--sweep", "o'clock"], "sweep o'clock has no runs in experiment three of sqlite:///"),
        (["--top", "0"], "--top 0: allowed is 1 or more\n"),
        (["--top", "-3"], "--top -3: allowed is 1 or more\n"),
        (
            ["--output", "board.xlsx"],
            "--output board.xlsx: unknown suffix; allowed: .csv, .json, .md, .parquet\n",
        ),
        (
            ["--output", "nowhere/board.csv"],
            "--output nowhere/board.csv: cannot be written: No such file or directory\n",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_arguments(store, three, capsys, arguments, message):
    assert store.main(three, *arguments) == 2
    assert capsys.readouterr().err.startswith(message)
    assert list(Path.cwd().iterdir()) == []


def test_a_record_that_cannot_be_used(capsys):
    assert run(command.leaderboard, ["--tracking-uri", "http://127.0.0.1:9"]) == 2
    output, errors = capsys.readouterr()
    assert output == ""
    assert errors.startswith("tracking.uri=http://127.0.0.1:9: cannot be used; allowed: ")
    assert len(errors.splitlines()) == 1


@pytest.mark.parametrize("arguments", [["--direction", "up"], ["--top", "few"], ["--nope"]])
def test_arguments_that_are_none(store, three, capsys, arguments):
    assert store.main(three, *arguments) == 2
    assert arguments[0] in capsys.readouterr().err


def test_an_unknown_experiment_is_answered_with_those_there_are(store, three):
    with pytest.raises(UserError) as raised:
        store.table("nope")
    names = str(raised.value).partition("there are: ")[2].split(", ")
    assert {"Default", three} <= set(names)


def test_an_experiment_without_runs(store):
    store.client.create_experiment("empty")
    store.run("only a parent", **{"sweep.kind": "sweep"})
    for name in ("empty", "only a parent"):
        with pytest.raises(UserError, match=f"^experiment {name} has no runs yet$"):
            store.table(name)


# --- what is shown and written ---


def test_what_is_printed(store, three, capsys):
    assert store.main(three) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "Leaderboard: by val/accuracy, the highest first".split()
    header = "rank dataset.name optim.lr val/accuracy test/accuracy best_epoch".split()
    at = lines.index(header)
    assert lines[at + 2 : at + 5] == [
        ["1", "mnist_5k", "0.2", "0.9000", "0.8688", "1"],
        ["2", "mnist_5k", "0.1", "0.8000", "0.7688", "1"],
        ["3", "mnist_5k", "0.3", "0.7000", "0.6687", "1"],
    ]
    best = store.table(three).iloc[0]
    assert lines[-1] == ["Best:", *best["run"].split(), "(run", f"{best['run_id']})"]


def test_lowest_first_is_said(store, three, capsys):
    assert store.main(three, "--metric", "val/loss") == 0
    assert "Leaderboard: by val/loss, the lowest first" in capsys.readouterr().out
    assert store.main(three, "--direction", "min") == 0
    assert "Leaderboard: by val/accuracy, the lowest first" in capsys.readouterr().out


def test_top_shows_and_writes_only_the_best(store, capsys):
    for accuracy in (0.1, 0.3, 0.2):
        store.run("top", metrics={"val/accuracy": accuracy})
    store.run("top", "FAILED")
    assert store.main("top", "--top", "2", "--output", "top.csv") == 0
    assert list(pd.read_csv("top.csv")["val/accuracy"]) == [0.3, 0.2]
    assert "Not ranked" not in capsys.readouterr().out
    assert store.main("top", "--top", "99", "--output", "top.csv") == 0
    assert list(pd.read_csv("top.csv")["val/accuracy"]) == [0.3, 0.2, 0.1]


def test_a_file_is_written_though_nobody_reads_on(store, three, monkeypatch):
    """As in ``sweep leaderboard --output three.csv | head -1``."""

    def closed(*_):
        raise BrokenPipeError

    monkeypatch.setattr(command, "show_leaderboard", closed)
    with contextlib.suppress(BrokenPipeError):
        store.main(three, "--output", "three.csv")
    assert len(pd.read_csv("three.csv")) == 3


def test_long_tables_are_cut_short_on_the_page_but_not_in_the_file(store, capsys, monkeypatch):
    for number in range(4):
        store.run("long", params={"optim.lr": number}, metrics={"val/accuracy": number / 8})
        store.run("long", "FAILED", failure_reason=f"reason {number}")
    monkeypatch.setattr(command, "ROWS", 3)
    assert store.main("long", "--output", "long.csv") == 0
    shown = capsys.readouterr().out
    assert "0.1250" in shown and "0.0000" not in shown
    assert "reason 2" in shown and "reason 3" not in shown
    assert "... and 1 more (--top N shows the N best, --output FILE writes all)\n" in shown
    assert "... and 1 more (--output FILE writes all)\n" in shown
    assert len(pd.read_csv("long.csv")) == 8
    for other in ((), ("--columns", "val/accuracy"), ("--group-by", "optim.lr")):
        assert store.main("long", "--top", "4", *other) == 0
        shown = capsys.readouterr().out
        assert "0.0000" in shown and " more (" not in shown


@pytest.fixture(scope="module")
def mixed(store):
    """An experiment with everything that a file must keep: empty cells, long fractions, text."""
    metrics = {"val/accuracy": 1 / 3, "test/accuracy": 0.1 + 0.2, "best_epoch": 7}
    store.run("mixed", params={"optim.lr": 1e-05, "model.hidden": "[128, 64]"}, metrics=metrics)
    store.run("mixed", params={"optim.lr": 0.1, "model.hidden": "[]"}, metrics={"val/accuracy": 1})
    store.run("mixed", "FAILED", params={"optim.lr": 3, "model.hidden": "[1]"}, failure_reason="no")
    return store.table("mixed")


def written(store, mixed, suffix):
    file = Path.cwd() / f"board{suffix}"
    assert store.main("mixed", "--output", str(file)) == 0
    assert [each.name for each in file.parent.iterdir()] == [file.name]  # nothing temporary
    return file


def test_csv(store, mixed):
    file = written(store, mixed, ".csv")
    found = pd.read_csv(file, float_precision="round_trip", parse_dates=["start_time"])
    found = found.astype({"rank": "Int64", "best_epoch": "Int64", "failure_reason": "string"})
    found["start_time"] = found["start_time"].astype(mixed["start_time"].dtype)
    found["fingerprint"] = mixed["fingerprint"]  # sixteen digits, here without letters
    pd.testing.assert_frame_equal(found, mixed, check_exact=True)


def test_parquet(store, mixed):
    found = pd.read_parquet(written(store, mixed, ".parquet"))
    pd.testing.assert_frame_equal(found, mixed, check_exact=True)


def test_json(store, mixed):
    found = pd.DataFrame(json.loads(written(store, mixed, ".json").read_text()))
    found["start_time"] = pd.to_datetime(found["start_time"])
    for name in mixed.columns:
        pairs = zip(found[name], mixed[name], strict=True)
        for own, expected in pairs:
            assert pd.isna(own) if pd.isna(expected) else own == expected, name


def test_markdown(store, mixed):
    lines = written(store, mixed, ".md").read_text().splitlines()
    header, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert header == list(mixed.columns)
    cells = [dict(zip(header, row, strict=True)) for row in rows]
    assert [row["rank"] for row in cells] == ["1", "2", ""]
    assert [row["run"] for row in cells] == list(mixed["run"])
    assert [row["val/accuracy"] for row in cells] == [
        "" if pd.isna(value) else repr(value) for value in mixed["val/accuracy"]
    ]
    assert [row["failure_reason"] for row in cells] == ["", "", "no"]


RATES = [0.23689250413780372, 0.1 + 0.2, 0.3]  # pandas reads the first one otherwise
RATE_TEXTS = [repr(rate) for rate in RATES]


@pytest.fixture
def searched(store):
    known = store.client.get_experiment_by_name("searched")
    if known is None:
        for rate in RATES:
            store.run("searched", params={"optim.lr": rate}, metrics={"val/accuracy": rate})
    return store.table("searched")


def test_numbers_are_those_that_were_trained_to_the_last_bit(searched):
    assert list(searched["optim.lr"]) == sorted(RATES, reverse=True)
    assert list(searched["val/accuracy"]) == sorted(RATES, reverse=True)


@pytest.mark.parametrize("suffix", [".csv", ".json", ".md", ".parquet"])
def test_files_have_the_numbers_that_were_trained_to_the_last_bit(searched, suffix):
    file = Path(f"searched{suffix}")
    export(searched, file)
    if suffix == ".parquet":
        rates = [repr(rate) for rate in pd.read_parquet(file)["optim.lr"]]
    else:
        rates = [rate for rate in re.findall(r"0\.\d+", file.read_text()) if rate in RATE_TEXTS]
        rates = rates[::2]  # each is beside the metric that is equal to it
    assert rates == sorted(RATE_TEXTS, reverse=True)


def test_an_infinite_metric_is_infinite_again(store, capsys):
    store.run("infinite", metrics={"val/accuracy": 0.5, "val/loss": float("inf")})
    assert list(store.table("infinite", metric="val/loss")["val/loss"]) == [float("inf")]
    assert store.main("infinite", "--metric", "val/loss") == 0
    assert " inf " in capsys.readouterr().out


def test_several_files_at_once(store, three, capsys):
    files = [f"board{suffix}" for suffix in WRITERS.names()]
    assert store.main(three, *(word for file in files for word in ("--output", file))) == 0
    assert sorted(each.name for each in Path.cwd().iterdir()) == sorted(files)
    assert capsys.readouterr().out.endswith("".join(f"Written: {file}\n" for file in files))


def test_a_wrong_suffix_is_found_before_anything_is_written(store, three):
    assert store.main(three, "--output", "board.csv", "--output", "board.txt") == 2
    assert list(Path.cwd().iterdir()) == []


def test_what_cannot_be_written_leaves_nothing_behind(store, three):
    Path("folder.csv").mkdir()
    Path("file").write_text("kept")
    table = store.table(three)
    for target in ("folder.csv", "file/board.csv"):
        with pytest.raises(UserError, match=f"^--output {target}: cannot be written: "):
            export(table, Path(target))
    assert sorted(each.name for each in Path.cwd().iterdir()) == ["file", "folder.csv"]
    assert Path("file").read_text() == "kept"


def test_a_disk_that_is_full_keeps_the_earlier_file(store, three, monkeypatch):
    def half(table, path):
        path.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")

    Path("board.csv").write_text("earlier")
    monkeypatch.setitem(WRITERS._choices, ".csv", half)
    with pytest.raises(UserError, match=r"^--output board.csv: cannot be written: No space left"):
        export(store.table(three), Path("board.csv"))
    assert [each.name for each in Path.cwd().iterdir()] == ["board.csv"]
    assert Path("board.csv").read_text() == "earlier"


def test_runs_of_another_program_are_listed(tmp_path):
    uri = f"sqlite:///{tmp_path}/foreign.db"
    client = MlflowClient(uri)
    run = client.create_run(client.create_experiment("foreign"), run_name="by hand")
    client.set_terminated(run.info.run_id, "FAILED")
    table = load_leaderboard("foreign", tracking_uri=uri)
    assert list(table["run"]) == ["by hand"]
    assert table["rank"].isna().all()


def test_nothing_that_is_recorded_is_called_as_a_count():
    assert {*counted} <= COLUMNS


@pytest.mark.parametrize(
    "name", ["rank", "run", "status", "seeds", "paused", "run_id", "val/accuracy", "epoch"]
)
def test_a_param_that_is_called_as_a_column(tmp_path, name):
    store = Store(tmp_path)
    for value in (1, 2):
        store.run("taken", params={name: value}, metrics={"val/accuracy": value / 4, "tied": 1.0})
    for table in (store.table("taken"), store.by_seed("taken")):
        assert list(table["rank"]) == [1, 2]
        assert list(table["val/accuracy"]) == [0.5, 0.25]
        assert list(table[f"params.{name}"]) == [2, 1]
        assert list(table["metrics.tied"]) == [1.0, 1.0]
        assert not table.columns.duplicated().any()
    assert store.main("taken", "--where", f"params.{name} > 1", "--by-seed") == 0
