"""Many runs are looked up at once as they are found one by one."""

import pytest
from fake_runs import FakeRun, fill
from mlflow import MlflowClient
from record import new_record

from sweep.tracking import Tracker, lookups
from sweep.tracking.reader import Reader

FOLDER = {"checkpoint_folder": "here"}
LIKE = {"model.name": "mlp", "dataset.name": "mnist_5k"}


def run(fingerprint, start, **options):
    tags = {"fingerprint": fingerprint, "other": "1", **FOLDER}
    return FakeRun(tags=tags, start_seconds=start, params=LIKE, **options)


@pytest.fixture(scope="module")
def uri(tmp_path_factory):
    uri = new_record(tmp_path_factory.mktemp("record"))
    runs = [run(f"a{number}", number, once={"epoch_seconds": (3, 0.5)}) for number in range(8)]
    runs += [run("a3", 20, status="FAILED"), run("a4", 21, status="RUNNING"), run("a5", 22)]
    ids, _ = fill(uri, "sweep", runs, sweep="parent")
    MlflowClient(uri).delete_run(ids[-1])
    fill(uri, "elsewhere", [run("a6", 30)])
    return uri


def brief(runs):
    return [(each.run_id, each.status, each.fingerprint, each.sweep_id) for each in runs]


ASKED = ["a3", "nobody", *(f"a{number}" for number in range(8) if number != 3)]


@pytest.mark.parametrize("enough", [10, 0.1], ids=["all are read", "too many are recorded"])
@pytest.mark.parametrize("is_database", [True, False])
def test_many_are_found_as_each_is(uri, monkeypatch, is_database, enough):
    tracker = Tracker(uri, "sweep")
    truth = {key: brief(found) for key in ASKED if (found := tracker.find_runs(key))}
    assert [status for _, status, *_ in truth["a3"]] == ["FAILED", "FINISHED"]  # the newest first
    assert len(truth["a5"]) == len(truth["a6"]) == 1
    monkeypatch.setattr(lookups, "is_database", lambda uri: is_database)
    monkeypatch.setattr(lookups, "READ_FOR_EACH", enough)
    monkeypatch.setattr(lookups, "MOST", 1 / enough)  # of a database: none are many, or all
    monkeypatch.setattr(lookups, "VALUES_AT_ONCE", 4)
    found = tracker.find_all(ASKED)
    assert {key: brief(each) for key, each in found.items()} == truth
    assert {each.folder_id for runs in found.values() for each in runs} == {"here"}


def test_few_are_told_like_many(uri):
    tracker = Tracker(uri, "sweep")
    assert tracker.find_all(["a3"])["a3"] == tracker.find_all(ASKED)["a3"]


def test_a_record_that_is_only_read(uri):
    record = Reader(uri, "sweep")
    assert brief(record.find_all(["a1"])["a1"]) == brief(Tracker(uri, "sweep").find_runs("a1"))
    assert record.epoch_seconds("mlp", "mnist_5k", "here") == [0.5] * 8
    assert record.epoch_seconds("lenet", "mnist_5k", "here") == []
    assert record.epoch_seconds("mlp", "mnist_5k", None) == []
    assert Reader(uri, "nothing").find_all(["a1"]) == {}
    assert MlflowClient(uri).get_experiment_by_name("nothing") is None


def test_a_record_that_is_not_there_stays_so(tmp_path):
    record = Reader(f"sqlite:///{tmp_path}/none.db", "sweep")
    assert record.find_all(["a1"]) == {}
    assert record.epoch_seconds("mlp", "mnist_5k", "here") == []
    assert not [*tmp_path.iterdir()]
