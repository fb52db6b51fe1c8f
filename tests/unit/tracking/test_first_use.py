"""Several that use a record for the first time, at once: what one has created, the others find."""

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
import sqlalchemy
from mlflow import MlflowClient
from mlflow.entities import LoggedModelOutput
from mlflow.exceptions import MlflowException
from mlflow.store.tracking.dbmodels.models import SqlDataset, SqlExperiment
from record import new_record

from sweep.tracking import Record, Tracker, first_use
from sweep.tracking.first_use import unless_others_were_faster
from sweep.tracking.registry import register

AT_ONCE = 4
IMAGES = SimpleNamespace(
    name="digits",
    digest="0123456789abcdef" * 4,
    source="here",
    train=np.zeros(3),
    val=np.zeros(2),
    test=np.zeros(1),
)


@pytest.fixture
def uri(tmp_path):
    return new_record(tmp_path)


@pytest.fixture
def meets():
    """Let all threads have looked for something in vain before the first one inserts it."""
    listeners = []

    def meet(kind):
        barrier, met = threading.Barrier(AT_ONCE, timeout=20), threading.local()

        def wait(*arguments):
            if not getattr(met, "once", False):
                met.once = True
                barrier.wait()

        sqlalchemy.event.listen(kind, "init", wait)
        listeners.append((kind, wait))

    yield meet
    for kind, wait in listeners:
        sqlalchemy.event.remove(kind, "init", wait)


def all_at_once(do, *values):
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(do, *values))


def test_the_same_images(uri, meets):
    client = MlflowClient(uri)
    number = client.create_experiment("first")
    ids = [client.create_run(number).info.run_id for _ in range(AT_ONCE)]
    meets(SqlDataset)
    all_at_once(lambda run_id: Record(client, run_id).log_dataset(IMAGES), ids)
    for run_id in ids:
        found = client.get_run(run_id).inputs.dataset_inputs
        assert {each.tags[0].value for each in found} == {"training", "validation", "testing"}
        assert {each.dataset.name for each in found} == {"digits"}


def test_the_same_experiment(uri, meets):
    meets(SqlExperiment)
    trackers = all_at_once(lambda _: Tracker(uri, "new"), range(AT_ONCE))
    assert len({each._experiment_id for each in trackers}) == 1


def test_the_same_registered_model(uri, monkeypatch):
    # MLflow's own store asks the process's record, which threads would change under each other.
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    store = MlflowClient(uri)
    number = store.create_experiment("models")
    ids = []
    for _ in range(AT_ONCE):
        ids.append(store.create_run(number).info.run_id)
        model = store.create_logged_model(number, "model", ids[-1])
        store.log_outputs(ids[-1], [LoggedModelOutput(model.model_id, 1)])
    numbers = all_at_once(lambda run_id: register(uri, run_id, "digits", {"metric": "f1"}), ids)
    assert sorted(numbers) == [1, 2, 3, 4]
    champion = store.get_model_version_by_alias("digits", "champion")
    assert champion.tags == {"metric": "f1"}


class Failing:
    """What fails so many times before it does something."""

    def __init__(self, times, message):
        self.times, self.message, self.calls = times, message, 0

    def __call__(self):
        self.calls += 1
        if self.calls <= self.times:
            raise MlflowException(self.message)
        return "done"


@pytest.mark.parametrize(
    "message",
    [
        "(sqlite3.IntegrityError) UNIQUE constraint failed: datasets.experiment_id",
        'duplicate key value violates unique constraint "dataset_pk"',
        "(1062, \"Duplicate entry 'a' for key 'PRIMARY'\")",
        'relation "experiments" already exists',
        "(sqlite3.OperationalError) database is locked",
        "deadlock detected",
        "Model Version creation error (name=a). Giving up after 3 attempts.",
    ],
)
def test_what_others_did_meanwhile_is_done_again(monkeypatch, message):
    monkeypatch.setattr(first_use, "LONGEST_PAUSE", 0)
    failing = Failing(2, message)
    assert unless_others_were_faster(failing) == "done"
    assert failing.calls == 3


def test_what_fails_each_time_fails(monkeypatch):
    monkeypatch.setattr(first_use, "LONGEST_PAUSE", 0)
    failing = Failing(99, "database is locked")
    with pytest.raises(MlflowException, match="locked"):
        unless_others_were_faster(failing)
    assert failing.calls == first_use.TRIES


def test_what_is_wrong_otherwise_fails_at_once():
    failing = Failing(1, "Invalid parameter")
    with pytest.raises(MlflowException, match="Invalid"):
        unless_others_were_faster(failing)
    assert failing.calls == 1
