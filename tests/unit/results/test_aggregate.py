"""Runs that differ only in their seed are one row."""

import math
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from store import BEGIN, Store

from sweep.results.aggregate import merge_seeds
from sweep.results.leaderboard import rank_configurations
from sweep.results.runs import RecordedRuns, recorded_runs

COUNTS = ["seeds", "failed", "pruned", "paused", "killed", "running"]


def recorded(*runs):
    """Return runs, each given as params, metrics and a status, an age or a fingerprint."""
    ends = [
        {
            "run": f"run {number}",
            "status": "FINISHED",
            "failure_reason": None,
            "duration_seconds": 1.0,
            "start_time": pd.Timestamp(BEGIN + number, unit="ms", tz="UTC"),
            "fingerprint": f"f{number}",
            "run_id": f"id{number}",
            **own,
        }
        for number, (_, _, own) in enumerate(runs)
    ]
    params = pd.DataFrame([{"dataset.name": "mnist", **each} for each, _, _ in runs])
    metrics = pd.DataFrame([dict(each) for _, each, _ in runs])
    return RecordedRuns(
        uri=None,
        experiment="sweep",
        sweep_id=None,
        ends=pd.DataFrame(ends).astype({"failure_reason": "string"}),
        params=params,
        metrics=metrics,
    )


def run(lr, seed, accuracy, status="FINISHED", params=(), **own):
    metrics = {} if accuracy is None else {"val/accuracy": accuracy}
    given = {"optim.lr": lr, "seed": seed, **dict(params)}
    return given, metrics, {"status": status, **own}


def merged(*runs, ascending=False):
    """Return the configurations, in the order in which they were first trained."""
    return merge_seeds(recorded(*runs), "val/accuracy", ascending).sort_index()


def test_mean_and_deviation_by_hand():
    """Squares of 0.02, 0 and 0.02 over 3 - 1 are 0.02²; of 0.05 and 0.05 over 2 - 1, 0.005."""
    accuracies = {0.1: (0.90, 0.92, 0.94), 0.2: (0.5, 0.6), 0.3: (0.7,)}
    table = merged(
        *(
            run(lr, seed, each)
            for lr, all_of in accuracies.items()
            for seed, each in enumerate(all_of)
        )
    )
    assert list(table["optim.lr"]) == [0.1, 0.2, 0.3]
    assert list(table["seeds"]) == [3, 2, 1]
    assert list(table["val/accuracy"]) == pytest.approx([0.92, 0.55, 0.7], rel=1e-12)
    assert list(table["val/accuracy_std"]) == pytest.approx(
        [0.02, math.sqrt(0.005), float("nan")], rel=1e-12, nan_ok=True
    )


def test_each_metric_has_its_deviation_beside_it():
    runs = [
        ({"seed": seed}, {"val/accuracy": 0.9, "best_epoch": epoch}, {})
        for seed, epoch in ((0, 3), (1, 4))
    ]
    table = merge_seeds(recorded(*runs), "val/accuracy", False)
    assert list(table.columns) == [
        *("run", "status", "dataset.name"),
        *("val/accuracy", "val/accuracy_std", "best_epoch", "best_epoch_std"),
        *(*COUNTS, "failure_reason", "duration_seconds", "start_time", "fingerprint", "run_id"),
        *("fingerprints", "run_ids"),
    ]
    assert table["best_epoch"].item() == 3.5
    assert table["val/accuracy_std"].item() == 0.0


def test_equal_values_have_no_deviation_at_all():
    """0.1 + 0.1 + 0.1 is not 0.3 in binary, so by way of the sum it would be 1e-17."""
    table = merged(*(run(0.1, seed, 0.1) for seed in range(3)))
    assert table["val/accuracy_std"].item() == 0.0


@pytest.mark.parametrize("ascending", [False, True])
def test_a_row_is_named_after_its_best_seed(ascending):
    runs = [run(0.1, seed, each) for seed, each in enumerate((0.8, 0.9, 0.7))]
    table = merged(*runs, run(0.1, 3, None, "FAILED"), ascending=ascending)
    best = 2 if ascending else 1
    assert table["run"].item() == f"run {best}"
    assert table["run_id"].item() == f"id{best}"
    assert table["fingerprint"].item() == f"f{best}"
    assert table["run_ids"].item() == "id0 id1 id2"
    assert table["fingerprints"].item() == "f0 f1 f2"


def test_whatever_the_order_of_training_the_sums_are_the_same():
    runs = [run(0.1, seed, 0.1 * (seed + 1) + 1e-17) for seed in range(7)]
    one, other = merged(*runs), merged(*reversed(runs))
    assert one["val/accuracy"].item() == other["val/accuracy"].item()
    assert one["val/accuracy_std"].item() == other["val/accuracy_std"].item()


def test_presets_are_not_compared_but_everything_else_is():
    table = merged(
        run(0.1, 0, 0.5, params={"preset": "null", "epochs": 5}),
        run(0.1, 1, 0.6, params={"preset": "tutorial", "epochs": 5}),
        run(0.1, 2, 0.7, params={"preset": "null", "epochs": 6}),
        run(0.1, 3, 0.7, params={"preset": "null", "model.kernels": "[5, 5]", "epochs": 6}),
    )
    assert sorted(table["seeds"]) == [1, 1, 2]
    assert table.attrs["parameters"] == ["dataset.name", "epochs"]


def test_runs_without_a_seed_stay_alone():
    table = merged(run(0.1, None, 0.5), run(0.1, None, 0.6), run(0.1, 0, 0.7), run(0.1, 1, 0.8))
    assert sorted(table["seeds"]) == [1, 1, 2]


def test_a_seed_that_was_trained_again_counts_once_as_the_newest_that_finished():
    table = merged(
        run(0.1, 0, 0.5, fingerprint="same"),
        run(0.1, 0, 0.6, fingerprint="same"),
        run(0.1, 0, 0.7, "KILLED", fingerprint="same"),
        run(0.1, 1, 0.8),
    )
    assert table["seeds"].item() == 2
    assert table["killed"].item() == 0
    assert table["val/accuracy"].item() == pytest.approx(0.7)
    assert table["run_ids"].item() == "id1 id3"
    alone = merged(run(0.1, 0, 0.5), run(0.1, 0, 0.6))
    assert (alone["seeds"].item(), alone["run_id"].item()) == (1, "id1")
    assert "val/accuracy_std" not in alone


def test_those_that_did_not_finish_are_counted():
    table = merged(
        *(run(0.1, 0, 0.5), run(0.1, 1, 0.6)),
        run(0.1, 2, 0.9, "FAILED", failure_reason="diverged at epoch 2"),
        *(run(0.2, 0, None, "KILLED"), run(0.2, 1, 0.9, "RUNNING")),
        run(0.2, 2, None, "FAILED", failure_reason="diverged at epoch 1"),
        *(run(0.2, 3, 0.9, "PRUNED"), run(0.2, 4, 0.9, "PRUNED")),
    )
    assert table[COUNTS].to_numpy().tolist() == [[2, 1, 0, 0, 0, 0], [0, 1, 2, 0, 1, 1]]
    assert list(table["status"]) == ["FINISHED", "FAILED"]
    assert list(table["failure_reason"]) == ["diverged at epoch 2", "diverged at epoch 1"]
    assert table["val/accuracy"].tolist() == pytest.approx([0.55, float("nan")], nan_ok=True)


def test_a_failure_that_was_mended_is_history():
    table = merged(run(0.1, 0, None, "FAILED", failure_reason="no memory"), run(0.1, 0, 0.5))
    assert table[COUNTS].to_numpy().tolist() == [[1, 0, 0, 0, 0, 0]]
    assert table["failure_reason"].isna().all()


# --- from the record to the page ---


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Three learning rates: two that cannot be told apart, one that is worse, one that failed."""
    store = Store(tmp_path_factory.mktemp("store"))

    def add(lr, seed, accuracy, status="FINISHED", **tags):
        metrics = {"val/accuracy": accuracy, "val/loss": 1 - accuracy} if accuracy else {}
        params = {"optim.lr": lr, "seed": seed}
        store.run("seeds", status, params, metrics, name=f"lr {lr} seed {seed}", **tags)

    for lr, accuracies in {
        0.1: (0.90, 0.91, 0.95),
        0.2: (0.90, 0.92, 0.91),
        0.3: (0.50, 0.52),
    }.items():
        for seed, accuracy in enumerate(accuracies):
            add(lr, seed, accuracy)
    add(0.3, 2, None, "FAILED", failure_reason="diverged at epoch 2")
    add(0.4, 0, None, "FAILED", failure_reason="diverged at epoch 1")
    add(0.4, 1, None, "KILLED")
    return store


def test_rows_that_cannot_be_told_from_the_best_have_its_rank(store):
    table = store.table("seeds")
    assert list(table["optim.lr"]) == [0.1, 0.2, 0.3, 0.4]
    assert list(table["rank"].fillna(0)) == [1, 1, 3, 0]
    assert table["tied"].tolist() == [True, True, False, pd.NA]
    assert list(table.columns[:3]) == ["rank", "tied", "run"]
    p = table["p_value"]
    assert pd.isna(p[0]) and p[1] > 0.05 > p[2] and pd.isna(p[3])
    assert list(table["run"][:3]) == ["lr 0.1 seed 2", "lr 0.2 seed 1", "lr 0.3 seed 1"]


def test_a_lone_best_is_tied_with_nobody(store):
    for lr, accuracies in {0.1: (0.90, 0.91), 0.3: (0.50, 0.51)}.items():
        for seed, accuracy in enumerate(accuracies):
            store.run(
                "lone", "FINISHED", {"optim.lr": lr, "seed": seed}, {"val/accuracy": accuracy}
            )
    table = store.table("lone")
    assert list(table["rank"]) == [1, 2]
    assert table["tied"].tolist() == [False, False]


def test_each_seed_by_itself(store):
    table = store.by_seed("seeds")
    assert table.attrs["parameters"] == ["dataset.name", "optim.lr", "seed"]
    assert list(table["rank"].fillna(0)) == [*range(1, 9), 0, 0, 0]
    assert list(table["val/accuracy"][:8]) == [0.95, 0.92, 0.91, 0.91, 0.9, 0.9, 0.52, 0.5]
    assert not {"tied", "seeds", "val/accuracy_std"} & set(table.columns)


def test_what_is_printed(store, capsys):
    assert store.main("seeds") == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    best = store.table("seeds").iloc[0]
    failed = store.table("seeds").iloc[3]
    assert [line for line in lines if line and "──" not in line] == [
        "Leaderboard: by val/accuracy, the highest first; mean ± standard deviation over seeds",
        "rank dataset.name optim.lr val/accuracy seeds",
        "≈ 1 mnist_5k 0.1 0.9200 ± 0.0265 3",
        "≈ 1 mnist_5k 0.2 0.9100 ± 0.0100 3",
        "3 mnist_5k 0.3 0.5100 ± 0.0141 2 (1 failed)",
        "≈ any of these may be the best: p ≥ 0.05 (Welch's t-test over seeds against the first, "
        "with Holm's correction)",
        f"Best: lr 0.1 seed 2 (run {best['run_id']}), the best of its 3 seeds",
        "8 runs finished, 2 failed, 1 killed; --by-seed shows each",
        "Not ranked",
        "status run failure_reason run_id seeds",
        f"FAILED lr 0.4 seed 0 diverged at epoch 1 {failed['run_id']} 0 (1 failed, 1 killed)",
    ]


def test_each_seed_is_printed(store, capsys):
    assert store.main("seeds", "--by-seed", "--top", "3") == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[2] == "rank dataset.name optim.lr seed val/accuracy"
    assert lines[4:7] == [
        *("1 mnist_5k 0.1 2 0.9500", "2 mnist_5k 0.2 1 0.9200", "3 mnist_5k 0.1 1 0.9100"),
    ]
    assert lines[8].startswith("... and 5 more (")
    assert lines[9].startswith("Best: lr 0.1 seed 2 (run ")
    assert len(lines) == 10


def test_top_takes_rows_in_their_order(store, capsys):
    assert store.main("seeds", "--top", "1", "--output", "top.csv") == 0
    assert pd.read_csv("top.csv")[["optim.lr", "tied"]].to_numpy().tolist() == [[0.1, True]]
    shown = capsys.readouterr().out
    assert "≈ any of these may be the best" in shown
    assert "... and 2 more (" in shown
    assert "finished" not in shown  # of one row that would be a wrong number


def test_a_seed_without_the_metric_is_not_in_the_mean(tmp_path):
    store = Store(tmp_path)
    for seed, value in enumerate((0.5, 0.75, float("nan"))):
        store.run("nan", params={"seed": seed}, metrics={"val/accuracy": value, "val/loss": 1.0})
    store.run("nan", params={"seed": 3}, metrics={"val/loss": 1.0})
    (row,) = store.table("nan").to_dict("records")
    assert (row["val/accuracy"], row["seeds"]) == (0.625, 2)


def test_files_carry_it_all(store):
    names = [f"board{suffix}" for suffix in (".csv", ".parquet", ".json", ".md")]
    assert store.main("seeds", *(word for name in names for word in ("--output", name))) == 0
    table = store.table("seeds")
    shown = ["rank", "tied", "val/accuracy", "val/accuracy_std", "p_value", *COUNTS, "run_ids"]
    types = table.dtypes[shown].to_dict()
    csv = pd.read_csv(names[0], float_precision="round_trip")
    pd.testing.assert_frame_equal(csv[shown].astype(types), table[shown], check_exact=True)
    parquet = pd.read_parquet(names[1])
    pd.testing.assert_frame_equal(parquet, table, check_exact=True)
    json = pd.read_json(names[2], dtype=False, precise_float=True)[shown].astype(types)
    pd.testing.assert_frame_equal(json, table[shown], rtol=1e-13)
    header = Path(names[3]).read_text().splitlines()[0]
    assert [cell.strip() for cell in header.strip("|").split("|")] == list(table.columns)


# --- runs of older versions ---

NEW = {"loss.name": "softmax_cross_entropy", "loss.label_smoothing": "0.0", "freeze": "[]"}
NEW |= {"augment.mixup": "null", "init_from": "null", "metrics": '["accuracy"]'}
NEW |= {"dataset.task": "classification", "model.dropout": "0.0"}


def test_runs_from_before_a_field_was_there_are_of_the_same_configuration(tmp_path):
    store = Store(tmp_path)
    for seed, params in enumerate([{}, NEW, {"optim.name": "sgd"}, {**NEW, "optim.name": "sgd"}]):
        store.run("old", params={**params, "seed": seed}, metrics={"val/accuracy": 0.5})
    store.run("old", params={**NEW, "loss.label_smoothing": "0.1"}, metrics={"val/accuracy": 0.4})
    table = store.table("old")
    assert sorted(table["seeds"]) == [1, 2, 2]
    assert table.attrs["parameters"] == ["dataset.name", "loss.label_smoothing"]
    params = recorded_runs(store.uri, "old", None).params
    filled = params[[*NEW]].astype(str)
    assert filled.nunique().to_dict() == {**dict.fromkeys(NEW, 1), "loss.label_smoothing": 2}


def test_only_fields_of_what_a_run_has_are_filled_in(tmp_path):
    store = Store(tmp_path)
    old = {"dataset.name": "csv"}
    store.run("fields", params={**old, **NEW})
    store.run("fields", params={**old, "model.name": "lenet"})
    store.run("fields", params={**old, "model.name": "linear"})
    store.run("fields", params={**old, "model.name": "a plugin's"})
    store.run("fields", params={**old, "loss.name": "hinge"})
    params = recorded_runs(store.uri, "fields", None).params
    by_name = params.set_index(["model.name", "loss.name"])
    lenet = by_name.loc["lenet", "softmax_cross_entropy"]
    assert (lenet["model.dropout"], lenet["loss.label_smoothing"], lenet["freeze"]) == (0, 0, "[]")
    for name in ("linear", "a plugin's"):
        row = by_name.loc[name, "softmax_cross_entropy"]
        assert pd.isna(row["model.dropout"]) and row["loss.label_smoothing"] == 0
    assert pd.isna(by_name.loc["mlp", "hinge"]["loss.label_smoothing"])


def test_runs_of_other_programs_are_left_as_they_are(tmp_path):
    store = Store(tmp_path)
    store.run("others", params=NEW)
    number = store.client.get_experiment_by_name("others").experiment_id
    other = store.client.create_run(number)
    store.client.log_param(other.info.run_id, "freeze", "no")
    params = recorded_runs(store.uri, "others", None).params
    (theirs,) = params[params["freeze"] == "no"].to_dict("records")
    assert {key for key, each in theirs.items() if not pd.isna(each)} == {"freeze"}


def decided(metric, *fingerprints):
    """Return the ranks of three rows; 0.1 is out with two seeds, by luck with the highest mean."""
    accuracies = {0.1: (0.93, 0.95), 0.2: (0.94, 0.96, 0.90), 0.3: (0.93, 0.92, 0.94)}
    runs = recorded(
        *(
            run(lr, seed, each, fingerprint=f"{lr}-{seed}")
            for lr, all_of in accuracies.items()
            for seed, each in enumerate(all_of)
        )
    )
    runs = replace(runs, decided=(metric, frozenset(fingerprints)))
    table = rank_configurations(runs, "val/accuracy", None)
    return list(zip(table["optim.lr"], table["rank"], table["tied"], strict=True))


def test_ties_are_those_that_a_sweep_has_decided():
    assert decided("val/accuracy", "0.2-0", "0.3-0") == [
        *((0.2, 1, True), (0.3, 1, True)),
        (0.1, 3, False),
    ]
    assert decided("val/accuracy", "0.3-0") == [
        *((0.3, 1, False), (0.1, 2, False)),
        (0.2, 3, False),
    ]


def test_what_was_decided_by_another_metric_is_no_tie_of_this_one():
    assert [lr for lr, _, _ in decided("val/loss", "0.3-0")] == [0.1, 0.2, 0.3]
