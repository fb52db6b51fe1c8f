"""Runs for which a condition holds, where not all of them have what it asks for."""

import pytest
from store import Store

from sweep.config.conditions import parse
from sweep.errors import UserError
from sweep.results.leaderboard import DECIDED, rank_configurations
from sweep.results.runs import recorded_runs
from sweep.results.selected import selected
from sweep.tracking import DECIDED_BY, TIED_RUNS


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A run without a field, one that has it, and one that failed: whole columns with gaps."""
    store = Store(tmp_path_factory.mktemp("store"))
    store.run("some", params={"optim.lr": 0.1}, metrics={"val/accuracy": 0.5})
    known = {"val/accuracy": 0.75, "best_epoch": 3}
    store.run("some", params={"optim.lr": 0.2, "model.pool_size": 2}, metrics=known)
    params = {"optim.lr": 0.3, "model.pool_size": 3}
    store.run("some", "FAILED", params=params, failure_reason="diverged at epoch 2")
    return store


@pytest.mark.parametrize("by_seed", [True, False])
@pytest.mark.parametrize(
    ("where", "rates"),
    [
        ("model.pool_size == 2", [0.2]),
        ("model.pool_size != 2", [0.1, 0.3]),
        ("model.pool_size > 1", [0.2, 0.3]),
        ("model.pool_size == null", [0.1]),
        ("best_epoch == 3", [0.2]),
        ("failure_reason == null", [0.1, 0.2]),
        ("'diverged' in failure_reason", [0.3]),
    ],
)
def test_what_a_run_does_not_have_is_null(store, where, rates, by_seed):
    runs = recorded_runs(store.uri, "some", None)
    assert str(runs.params["model.pool_size"].dtype) == "Int64"
    found = selected(runs, parse(where), by_seed)
    assert sorted(found.params["optim.lr"]) == rates


def test_the_command_takes_them(store, capsys):
    assert store.main("some", "--where", "model.pool_size == 2 and failure_reason == null") == 0
    assert "run 2" in capsys.readouterr().out


@pytest.mark.parametrize("where", ["1 == 1", "'optim.lr' < 0.2", "true"])
def test_a_condition_that_names_no_column_is_refused(store, where):
    runs = recorded_runs(store.uri, "some", None)
    with pytest.raises(UserError) as raised:
        selected(runs, parse(where), by_seed=True)
    assert str(raised.value) == (
        f"--where {where}: names no column; allowed is a condition that does, as in "
        "optim.lr < 0.1, where the name is not in quotes"
    )


def trained_twice(store):
    """Record seed 0 twice, and seed 1."""
    for seed, accuracy in ((0, 0.9), (0, 0.9), (1, 0.8)):
        params = {"optim.lr": 0.1, "seed": seed}
        store.run("twice", params=params, metrics={"val/accuracy": accuracy})


def test_a_metric_is_that_of_the_row_where_a_seed_was_trained_twice(tmp_path):
    store = Store(tmp_path)
    trained_twice(store)
    runs = recorded_runs(store.uri, "twice", None)
    assert list(store.table("twice")["val/accuracy"]) == [pytest.approx(0.85)]
    assert len(selected(runs, parse("val/accuracy < 0.8501"), by_seed=False).ends) == 3
    with pytest.raises(UserError, match="holds for none of 3 runs"):
        selected(runs, parse("val/accuracy > 0.86"), by_seed=False)


# --- what a sweep with seed=auto has decided ---

ACCURACIES = {0.1: (0.93, 0.95), 0.2: (0.94, 0.96, 0.90), 0.3: (0.93, 0.92, 0.945)}


@pytest.fixture
def auto(tmp_path):
    """Rows 0.2 and 0.3 may be the best; 0.1 is out with two seeds, by luck with the best mean."""
    store = Store(tmp_path)
    told = {TIED_RUNS: "0.2-0 0.3-0", DECIDED_BY: "val/accuracy", "sweep.kind": "sweep"}
    parent = store.run("auto", **told)
    ids = {
        (lr, seed): store.run(
            "auto",
            params={"optim.lr": lr, "seed": seed},
            metrics={"val/accuracy": accuracy},
            parent=parent,
            fingerprint=f"{lr}-{seed}",
        )
        for lr, accuracies in ACCURACIES.items()
        for seed, accuracy in enumerate(accuracies)
    }
    return store, parent, ids


def ranks(runs):
    table = rank_configurations(runs, "val/accuracy", None)
    return list(zip(table["optim.lr"], table["rank"], table["tied"], strict=True))


@pytest.mark.parametrize(
    ("where", "left"),
    [
        ("seed > 0", [(0.3, 1, True), (0.2, 1, True), (0.1, 3, False)]),
        ("seed > 0 or optim.lr < 0.3", [(0.2, 1, True), (0.3, 1, True), (0.1, 3, False)]),
        ("optim.lr < 0.3", [(0.2, 1, False), (0.1, 2, False)]),
    ],
)
def test_a_row_stays_tied_without_the_run_that_stands_for_it(auto, where, left):
    store, parent, _ = auto
    runs = recorded_runs(store.uri, "auto", parent)
    assert ranks(selected(runs, parse(where), by_seed=False)) == left


def test_where_a_run_that_stands_for_a_row_was_deleted_what_is_left_is_tested(auto):
    store, parent, ids = auto
    assert ranks(recorded_runs(store.uri, "auto", parent))[2] == (0.1, 3, False)
    store.client.delete_run(ids[0.3, 0])
    runs = recorded_runs(store.uri, "auto", parent)
    assert ranks(runs) == [(0.1, 1, True), (0.2, 1, True), (0.3, 1, True)]
    table = rank_configurations(runs, "val/accuracy", None)
    assert not table.attrs[DECIDED]
