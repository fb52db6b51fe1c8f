"""A run goes on well if its record and its checkpoints do not agree, or somebody is at it."""

import json
import threading
from pathlib import Path

import pytest
from executions import CASES, Place, epochs_of, few
from mlflow import MlflowClient
from outcomes import outcome

from sweep.config.fingerprint import fingerprint
from sweep.data.splits import load_dataset
from sweep.errors import UserError
from sweep.runs import prepare as running
from sweep.runs.events import CLAIMED, Ended, Notice
from sweep.runs.execute import execute
from sweep.runs.locks import RunLocks
from sweep.tracking import Record
from sweep.training.selection import EpochRecord


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return Place(tmp_path_factory.mktemp("resume"))


@pytest.fixture(autouse=True)
def _few_images(place, monkeypatch):
    monkeypatch.chdir(place.folder)
    monkeypatch.setattr(running, "load_dataset", few)


@pytest.fixture
def whole(place):
    return place.whole


# --- the record and the checkpoints do not agree ---


@pytest.mark.parametrize("sent", ["nothing", "the first epoch", "all but one metric"])
def test_what_the_record_lacks_is_added(place, whole, monkeypatch, sent):
    overrides, _ = CASES["mlp"]
    log_batch = MlflowClient.log_batch

    def log_some(self, run_id, metrics=(), **options):
        keep = {
            "nothing": lambda metric: False,
            "the first epoch": lambda metric: metric.step == 1,
            "all but one metric": lambda metric: (metric.key, metric.step) != ("val/loss", 2),
        }[sent]
        log_batch(self, run_id, metrics=[each for each in metrics if keep(each)], **options)

    experiment = f"lacks {sent}"
    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, "log_batch", log_some)
        place.execute(experiment, *overrides, stop=3)
    metrics = place.run(experiment).data.metrics
    assert ("train/loss" in metrics) == (sent != "nothing")
    place.execute(experiment, *overrides)
    run = place.run(experiment)
    assert outcome(place.client, run) == whole("mlp")[1]


def test_metrics_that_are_added_have_the_time_of_their_epoch(place, monkeypatch):
    overrides, _ = CASES["mlp"]
    with monkeypatch.context() as patch:
        patch.setattr(Record, "_send", lambda record: None)
        _, before = place.execute("times", *overrides, stop=3)
    place.execute("times", *overrides)
    history = place.client.get_metric_history(place.run("times").info.run_id, "val/loss")
    ended = [each.timestamp_ms for each in before if isinstance(each, EpochRecord)]
    assert [point.timestamp for point in history][:3] == ended


DAMAGES = {  # what is done to the checkpoints after epochs 2 and 3, and after which it goes on
    "the last is gone": (lambda two, three: three.unlink(), 2, 0),
    "the last is damaged": (lambda two, three: three.write_bytes(b"half"), 2, 1),
    "both are gone": (lambda two, three: [two.unlink(), three.unlink()], 0, 0),
    "both are damaged": (lambda two, three: [two.write_bytes(b""), three.write_bytes(b"")], 0, 2),
}


@pytest.mark.parametrize("how", DAMAGES)
def test_nothing_is_recorded_twice(place, whole, how):
    overrides, epochs = CASES["no momentum"]
    damage, done, notices = DAMAGES[how]
    place.execute(how, *overrides, stop=3)
    two, three = (place.checkpoints(how) / f"epoch-000{epoch}.checkpoint" for epoch in (2, 3))
    assert sorted(place.checkpoints(how).iterdir()) == [two, three]
    damage(two, three)
    score, events = place.execute(how, *overrides)
    told = [event.text for event in events if isinstance(event, Notice)]
    assert len(told) == notices
    if told:
        assert told[0] == (
            f"{three} is damaged (its checksum is wrong): set aside as epoch-0003.damaged, the "
            "one before it is used"
        )
    assert epochs_of(events) == list(range(done + 1, epochs + 1))
    assert (score, outcome(place.client, place.run(how))) == whole("no momentum")


def test_a_checkpoint_of_another_run_is_refused(place, whole):
    overrides = CASES["no momentum"][0]
    place.execute("mixed up", *overrides, stop=1)
    folder = place.checkpoints("mixed up")
    file = folder / "epoch-0001.checkpoint"
    place.execute("source of it", *overrides, "optim.lr=0.05", stop=1)
    (place.checkpoints("source of it") / file.name).replace(file)
    config = place.config("mixed up", *overrides)
    key = fingerprint(config, load_dataset(config.dataset).digest)
    other = json.loads(file.read_bytes().split(b"\n")[1])["fingerprint"]
    with pytest.raises(UserError) as raised:
        execute(config, overrides, print)
    message = f"{file}: has fingerprint {other}, and this run {key}; allowed is a checkpoint of"
    assert str(raised.value).startswith(message)
    assert str(raised.value).endswith(f"To train this run from the start, delete {folder}")
    assert place.run("mixed up").info.status == "FAILED"

    for each in folder.iterdir():
        each.unlink()
    score, events = place.execute("mixed up", *overrides)
    assert epochs_of(events) == [1, 2, 3]
    assert (score, outcome(place.client, place.run("mixed up"))) == whole("no momentum")


def test_another_version_that_goes_on_is_told(place):
    overrides = CASES["no momentum"][0]
    place.execute("versions", *overrides, stop=1)
    run = place.run("versions")
    place.client.set_tag(run.info.run_id, "version.numpy", "0.9")
    _, events = place.execute("versions", *overrides)
    now = run.data.tags["version.numpy"]
    assert events[0] == Notice(f"was begun with numpy 0.9, and goes on with {now}")
    assert place.run("versions").data.tags["version.numpy"] == now


# --- somebody else is at it ---


def test_it_waits_for_who_trains_the_same(place):
    overrides = CASES["no momentum"][0]
    config = place.config("claimed", *overrides)
    locks = RunLocks(Path(config.checkpoint_dir))
    told, waits = [], threading.Event()

    def tell(event):
        told.append(event)
        waits.set()

    train = threading.Thread(target=lambda: execute(config, overrides, tell), daemon=True)
    with locks.hold(fingerprint(config, load_dataset(config.dataset).digest), lambda: None):
        train.start()
        assert waits.wait(60)
        events = told[:]
    train.join(60)
    assert events == [Notice(CLAIMED)]
    assert told[-1] == Ended("FINISHED")
