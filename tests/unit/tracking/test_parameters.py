"""A run's trained parameters are read from its model, or as earlier versions kept them."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from mlflow.entities import LoggedModelOutput, LoggedModelStatus
from store import Store

from sweep.backend.mxnet import nd
from sweep.errors import UserError
from sweep.results.differences import difference
from sweep.tracking import drop_parameters, fetch_parameters, read_models, register
from sweep.tracking.details import read_details
from sweep.tracking.parameters import parameters_of

NAMES = {"0.weight": "arg:dense0_weight", "1.mean": "aux:norm0_mean"}
KEPT = {"file": "net-0000.params", "names": NAMES}


def saved(folder, names):
    """Return a file with two arrays, under these names."""
    weights = np.arange(6, dtype=np.float32).reshape(2, 3)
    arrays = [nd.array(weights), nd.array(weights[0] / 7)]
    nd.save(str(folder / "saved.params"), dict(zip(names, arrays, strict=True)))
    return (folder / "saved.params").read_bytes()


class Kept(Store):
    """A store with runs that have kept their parameters, once or twice."""

    def __init__(self, folder):
        super().__init__(folder)
        self.folder, self.own = folder, saved(folder, NAMES)
        self.of_model = saved(folder, NAMES.values())

    def trained(self, names=KEPT, content=None, status="FINISHED"):
        """Record a run with a model, and return both ids."""
        run_id = self.run("kept", status)
        number = self.client.get_run(run_id).info.experiment_id
        model = self.client.create_logged_model(number, "model", run_id)
        data = self.folder / "made" / "data"
        data.mkdir(parents=True, exist_ok=True)
        (data / "net-0000.params").write_bytes(self.of_model if content is None else content)
        self.client.log_model_artifacts(model.model_id, str(data.parent))
        self.client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
        self.client.log_outputs(run_id, [LoggedModelOutput(model.model_id, 1)])
        text = names if isinstance(names, str) else json.dumps(names)
        self.client.log_text(run_id, text, "parameters/names.json")
        return run_id, model.model_id

    def earlier(self):
        """Record a run as version 0.1 did; return its id."""
        run_id = self.run("kept")
        (self.folder / "net.params").write_bytes(self.own)
        self.client.log_artifact(run_id, str(self.folder / "net.params"), "parameters")
        return run_id

    def refusal(self, address):
        with pytest.raises(UserError) as error:
            fetch_parameters(self.uri, address)
        return str(error.value)


@pytest.fixture
def store(tmp_path):
    return Kept(tmp_path)


def test_they_are_those_of_the_network_to_the_byte(store):
    run_id, model_id = store.trained()
    assert store.own != store.of_model
    register(store.uri, run_id, "digits", {})
    for address in (run_id, run_id[:9], f"models:/{model_id}", "models:/digits@champion"):
        assert fetch_parameters(store.uri, address) == store.own


def test_a_run_of_an_earlier_version_and_one_of_this_are_compared(store):
    (run_id, _), earlier = store.trained(), store.earlier()
    assert fetch_parameters(store.uri, earlier) == store.own
    first, second = (read_details(store.uri, each) for each in (run_id, earlier))
    assert difference(first, second).same_parameters is True


def deleted(store, model_id):
    store.client.delete_logged_model(model_id)


def without_files(store, model_id):
    shutil.rmtree(Path(store.client.get_logged_model(model_id).artifact_location, "data"))


@pytest.mark.parametrize("gone", [deleted, without_files])
def test_a_model_that_is_not_there_any_more(store, gone):
    run_id, model_id = store.trained()
    gone(store, model_id)
    assert read_details(store.uri, run_id).parameters is None
    assert store.refusal(run_id) == (
        f"run {run_id} has no trained parameters any more: its model, which had them, was removed; "
        "rerun=true trains it again"
    )


def test_a_run_that_was_interrupted_before_its_model_was_whole(store):
    run_id, model_id = store.trained(status="KILLED")
    deleted(store, model_id)
    assert store.refusal(run_id) == (
        f"run {run_id} is KILLED and has no trained parameters, which a run keeps when it is "
        "FINISHED"
    )


def test_they_go_with_the_model(store):
    run_id, _ = store.trained()
    models = read_models(store.uri)
    assert drop_parameters(store.uri, [run_id], models) == {run_id}
    assert parameters_of(store.uri, run_id) is None
    assert not store.client.list_artifacts(run_id, "parameters")


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"file": "net-0000.params"}', '{"file": "net-0000.params", "names": []}'],
)
def test_names_that_are_damaged(store, text):
    run_id, _ = store.trained(text)
    assert store.refusal(run_id) == (
        f"run {run_id}: the parameters in its model cannot be read: parameters/names.json is not "
        "what it should be; rerun=true trains it again"
    )


def test_a_model_that_is_damaged_or_another(store):
    cut, _ = store.trained(content=store.of_model[:-3])
    assert store.refusal(cut).startswith(
        f"run {cut}: the parameters in its model cannot be read: net-0000.params is cut off"
    )
    other, _ = store.trained({"file": "net-0000.params", "names": {"0.weight": "arg:other"}})
    assert store.refusal(other) == (
        f"run {other}: the parameters in its model cannot be read: net-0000.params has no "
        "arg:other; rerun=true trains it again"
    )


def test_nothing_is_read_from_outside_the_model_s_data(store):
    run_id, _ = store.trained({"file": "../data/net-0000.params", "names": NAMES})
    assert parameters_of(store.uri, run_id) is None
