"""A sweep is compared with all its runs, those too that it found trained by others."""

import json

import pytest
from store import Store

from sweep.errors import UserError
from sweep.tracking import Record
from sweep.tracking import run_tables as reading


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("found"))


def sweep(store, experiment, found=None):
    """Record a sweep that found runs of these ids trained."""
    parent = store.run(experiment, **{"sweep.kind": "sweep"})
    if found is not None:
        store.client.log_text(parent, json.dumps(found), "found.json")
    return parent


def trained(store, experiment, parent, accuracy=0.5):
    return store.run(experiment, metrics={"val/accuracy": accuracy}, parent=parent)


def test_runs_that_another_sweep_trained_are_compared_too(store):
    first = sweep(store, "both")
    ids = [trained(store, "both", first, accuracy) for accuracy in (0.1, 0.3, 0.9)]
    alone = trained(store, "both", None, 0.5)
    second = sweep(store, "both", [*ids[:2], alone])
    own = trained(store, "both", second, 0.2)
    table = store.table("both", sweep=second)
    assert list(table["run_id"]) == [alone, ids[1], own, ids[0]]
    assert list(table["rank"]) == [1, 2, 3, 4]
    assert set(store.table("both", sweep=first)["run_id"]) == set(ids)


def test_a_sweep_that_found_all_its_runs(store):
    alone = trained(store, "nothing of its own", None)
    parent = sweep(store, "nothing of its own", [alone])
    assert list(store.table("nothing of its own", sweep=parent)["run_id"]) == [alone]


@pytest.mark.parametrize("found", [[], ["0" * 32], ["x' OR status = 'FINISHED", "a'b", 3, None]])
def test_what_is_no_run_is_none(store, found):
    experiment = f"none {found}"
    trained(store, experiment, None)
    parent = sweep(store, experiment, found)
    own = trained(store, experiment, parent)
    assert list(store.table(experiment, sweep=parent)["run_id"]) == [own]


def test_a_sweep_without_any_run(store):
    trained(store, "no run", None)
    for parent in (sweep(store, "no run"), sweep(store, "no run", [])):
        with pytest.raises(UserError, match=f"^sweep {parent} has no runs in experiment no run of"):
            store.table("no run", sweep=parent)


@pytest.mark.parametrize("count", [1, 3, 4, 7])
def test_more_than_one_condition_takes(store, monkeypatch, count):
    monkeypatch.setattr(reading, "IDS_AT_ONCE", 3)
    experiment = f"count {count}"
    ids = {trained(store, experiment, None) for _ in range(count)}
    parent = sweep(store, experiment, sorted(ids))
    table = store.table(experiment, sweep=parent)
    assert len(table) == count and set(table["run_id"]) == ids


def test_a_run_that_was_found_and_failed_is_listed(store):
    failed = store.run("later deleted", "FAILED")
    deleted = trained(store, "later deleted", None)
    parent = sweep(store, "later deleted", [failed, deleted])
    store.client.delete_run(deleted)
    table = store.table("later deleted", sweep=parent)
    assert list(table["run_id"]) == [failed]
    assert table["rank"].isna().all()


def test_other_artifacts_are_no_found_runs(store):
    trained(store, "artifacts", None)
    parent = sweep(store, "artifacts")
    store.client.log_text(parent, "no list", "other.json")
    store.client.log_text(parent, "no list", "folder/found.json")
    own = trained(store, "artifacts", parent)
    assert list(store.table("artifacts", sweep=parent)["run_id"]) == [own]


def test_what_a_record_keeps_is_what_is_read(store):
    ids = [trained(store, "kept", None) for _ in range(3)]
    parent = sweep(store, "kept", ids[:1])
    record = Record(store.client, parent)
    record.log_found(ids[1:])  # what is known in the end counts
    record.finish()
    assert set(store.table("kept", sweep=parent)["run_id"]) == set(ids[1:])
