"""What `sweep list` says of a sweep."""

import pytest
from store import Store

from sweep.results.overview import read_overview


@pytest.mark.parametrize("metric", ["val/accuracy", "val/loss"])
def test_of_equal_runs_the_best_is_that_which_is_first_in_the_leaderboard(tmp_path, metric):
    store = Store(tmp_path)
    parent = store.run("tied", **{"sweep.kind": "sweep"})
    ids = {
        letter: store.run("tied", metrics={metric: 0.5}, parent=parent, fingerprint=letter * 16)
        for letter in "bac"
    }
    (sweep,) = read_overview(store.uri, tmp_path).sweeps
    assert (sweep.metric, sweep.best, sweep.best_run_id) == (metric, 0.5, ids["a"])
    for table in (store.table("tied", sweep=parent), store.by_seed("tied", sweep=parent)):
        assert table["run_id"][0] == ids["a"]


@pytest.mark.parametrize("monitors", [["val/macro_f1"] * 2, ["val/macro_f1", "val/accuracy"]])
def test_a_sweep_has_its_best_run_by_what_its_runs_monitor(tmp_path, monkeypatch, monitors):
    store = Store(tmp_path)
    parent = store.run("judged", **{"sweep.kind": "sweep"})
    measured = [{"val/accuracy": 0.9, "val/macro_f1": 0.1}, {"val/accuracy": 0.8}]
    measured[1]["val_at_best/macro_f1"] = measured[1]["val/macro_f1"] = 0.2
    ids = [
        store.run("judged", params={"monitor": name}, metrics=values, parent=parent)
        for name, values in zip(monitors, measured, strict=True)
    ]
    expected = ("val/macro_f1", 0.2, ids[1])
    if len({*monitors}) > 1:
        expected = ("val/accuracy", 0.9, ids[0])
    for is_direct in (True, False):
        monkeypatch.setattr(
            "sweep.tracking.overview.can_be_read", lambda uri, is_so=is_direct: is_so
        )
        (sweep,) = read_overview(store.uri, tmp_path).sweeps
        assert (sweep.metric, sweep.best, sweep.best_run_id) == expected
    assert store.table("judged", sweep=parent)["run_id"][0] == expected[2]
