"""A run's model is found among all that were logged of it, some of them deleted."""

import pytest
from mlflow.entities import LoggedModelOutput
from store import Store

from sweep.errors import UserError
from sweep.tracking.registry import model_of


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("models"))


@pytest.fixture
def logged(store):
    """A run with its own model and an exported one: its id, and theirs."""
    run_id = store.run("models")
    number = store.client.get_run(run_id).info.experiment_id
    models = {
        name: store.client.create_logged_model(number, name, run_id).model_id
        for name in ("onnx", "model")
    }
    store.client.log_outputs(run_id, [LoggedModelOutput(each, 0) for each in models.values()])
    return run_id, models


def test_another_model_that_was_deleted_is_not_missed(store, logged):
    run_id, models = logged
    store.client.delete_logged_model(models["onnx"])
    assert model_of(store.uri, run_id[:8]) == models["model"]


def test_its_own_that_was_deleted_is_named(store, logged):
    run_id, models = logged
    store.client.delete_logged_model(models["model"])
    with pytest.raises(UserError, match=rf"^run {run_id} has no model any more: .*not found"):
        model_of(store.uri, run_id)
