"""Whatever MLflow answers in pages is read to the last one."""

import functools

import pytest
from mlflow import MlflowClient
from mlflow.store.entities import PagedList
from store import Store

from sweep.tracking import (
    overview,
    read_deleted,
    read_entries,
    read_models,
    read_own_places,
    registered_models,
    removing,
)
from sweep.tracking.locations import DATABASE, whole_path
from sweep.tracking.parts import pages

NAMES = ("one", "three", "two")
ALL = [f"{name} {number}" for name in NAMES for number in range(2)]  # runs


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Three experiments, each with runs, their models, and runs that were deleted."""
    folder = tmp_path_factory.mktemp("store")
    store, own = Store(folder), {DATABASE: whole_path(folder / "mlflow.db")}
    store.client.create_registered_model("digits")
    for name in NAMES:
        experiment = store.client.create_experiment(name, str(folder / "apart" / name), own)
        for number in range(2):
            run_id = store.run(name, name=f"{name} {number}")
            model = store.client.create_logged_model(experiment, "model", run_id)
            store.client.create_model_version("digits", model.artifact_location, run_id)
            store.client.delete_run(store.run(name, name=f"{name} {number} gone"))
    return store


@pytest.fixture
def one_a_page(monkeypatch):
    """Let MLflow answer with one of each kind at a time, as if there were thousands."""
    for name in ("experiments", "logged_models", "model_versions"):
        search = getattr(MlflowClient, f"search_{name}")
        monkeypatch.setattr(
            MlflowClient, f"search_{name}", functools.partialmethod(search, max_results=1)
        )
    monkeypatch.setattr(removing, "RUNS_A_PAGE", 1)


def test_models_of_all_experiments(store, one_a_page):
    found = read_models(store.uri)
    names = {each.run_id: each.name for each in read_entries(store.uri, ())}
    assert sorted(names[each.run_id] for each in found) == ALL
    assert {each.model_id for each in found} <= registered_models(store.uri).keys()


def test_deleted_runs_of_all_experiments(store, one_a_page):
    assert sorted(each.name for each in read_deleted(store.uri)) == [f"{each} gone" for each in ALL]


def test_folders_of_all_experiments(store, one_a_page):
    places = read_own_places(store.uri)
    for name in NAMES:
        place = store.client.get_experiment_by_name(name).artifact_location
        assert places.have(place)


def test_runs_of_all_experiments_of_a_server(store, one_a_page, monkeypatch):
    monkeypatch.setattr(overview, "can_be_read", lambda uri: False)
    assert sorted(each.name for each in read_entries(store.uri, ())) == ALL


def test_a_page_is_asked_for_when_it_is_needed():
    asked = []

    def ask(token):
        asked.append(token)
        return PagedList([token, token], {None: "a", "a": "b"}.get(token))

    found = pages(ask)
    assert asked == []
    assert [next(found), next(found)] == [None, None]
    assert asked == [None]
    assert [*found] == ["a", "a", "b", "b"]
    assert asked == [None, "a", "b"]
