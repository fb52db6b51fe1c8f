"""The runs of whatever is meant by a name or an id."""

import functools
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import PERMISSION_DENIED
from store import Store

from sweep.errors import UserError
from sweep.tracking import queries, read_about, runs_of_meant

SWEEP = {"sweep.kind": "sweep"}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def ids(store):
    """Give a sweep with a run, and one without, in one experiment; and a run in another."""
    sweep = store.run("one", name="optim.lr=0.1,0.2", **SWEEP)
    return {
        "sweep": sweep,
        "child": store.run("one", name="child", **{"mlflow.parentRunId": sweep}),
        "alone": store.run("one", name="alone"),
        "empty": store.run("one", name="seed=1,2", **SWEEP),
        "other": store.run("two", name="other"),
    }


def found(store, given):
    return {each.run_id for each in runs_of_meant(store.uri, given)}


def test_an_experiment_has_all_its_runs_and_a_sweep_its_own(store, ids):
    assert found(store, "one") == {ids["child"], ids["alone"]}
    assert found(store, "two") == {ids["other"]}
    number = store.client.get_experiment_by_name("two").experiment_id
    assert found(store, number) == {ids["other"]}
    for given in (ids["sweep"], ids["sweep"][:12], "optim.lr=0.1,0.2"):
        assert found(store, given) == {ids["child"]}


def test_what_is_neither(store, ids):
    for given in ("ones", ids["alone"], "0" * 32):
        with pytest.raises(UserError) as raised:
            runs_of_meant(store.uri, given)
        said = str(raised.value)
        assert said.startswith(f"{given} is neither an experiment nor a sweep in {store.uri}")
        assert said.endswith("; experiments: Default, one, two")


def test_a_sweep_of_a_deleted_experiment(tmp_path):
    store = Store(tmp_path)
    sweep = store.run("gone", **SWEEP)
    store.run("gone", **{"mlflow.parentRunId": sweep})
    store.client.delete_experiment(store.client.get_experiment_by_name("gone").experiment_id)
    with pytest.raises(UserError, match=f"^{sweep} is neither an experiment nor a sweep in .*: De"):
        runs_of_meant(store.uri, sweep)


def test_experiments_beyond_the_first_page(store, ids, monkeypatch):
    search = MlflowClient.search_experiments
    monkeypatch.setattr(
        MlflowClient, "search_experiments", functools.partialmethod(search, max_results=1)
    )
    for given, run in (("one", "child"), (ids["sweep"], "child"), ("two", "other")):
        assert ids[run] in found(store, given)


def test_what_has_no_runs(store, ids):
    with pytest.raises(UserError, match=f"^sweep {ids['empty']} has no runs in experiment one of "):
        runs_of_meant(store.uri, ids["empty"])
    with pytest.raises(UserError, match="^Default has no runs yet$"):
        runs_of_meant(store.uri, "Default")


def test_what_is_recorded_of_them(store, ids):
    (run,) = runs_of_meant(store.uri, "two")
    assert (run.name, run.tags["mlflow.runName"], run.fingerprint) == (
        "other",
        "other",
        f"{4:016x}",
    )


def test_a_run_that_may_not_be_read_is_not_said_to_be_missing(store, ids, monkeypatch):
    refused = MlflowException("Permission denied", PERMISSION_DENIED)
    client = SimpleNamespace(get_run=Mock(side_effect=refused))
    monkeypatch.setattr(queries, "opened", lambda uri: client)
    with pytest.raises(UserError) as error:
        read_about(store.uri, ids["alone"])
    assert str(error.value).startswith(f"tracking.uri={store.uri}: the server refuses this")
