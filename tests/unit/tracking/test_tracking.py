import dataclasses
import json
import os
import re
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import yaml
from kept_parameters import kept_file
from mlflow import MlflowClient
from record import new_record

from sweep import __version__
from sweep.backend.mxnet import mx
from sweep.config.compose import load
from sweep.config.fingerprint import fingerprint
from sweep.config.metrics import at_best, measured_metric
from sweep.config.params import params
from sweep.config.recorded import from_yaml
from sweep.data.splits import load_dataset
from sweep.environment import commit
from sweep.errors import Paused, Pruned, RunFailed, UserError
from sweep.networks.build import build_network
from sweep.runs.events import Ended, Recorded, Started
from sweep.runs.execute import execute
from sweep.tracking import Record, Tracker, database, read_runs
from sweep.tracking import writer as recording
from sweep.tracking.run_info import run_info
from sweep.training.loop import Evaluation
from sweep.training.selection import EpochRecord
from sweep.uris import browse_command, redacted, resolve_uri

# With this min_delta only the first epoch counts as an improvement, so the last is not kept.
OVERRIDES = ["model.hidden=[16]", "epochs=3", "batch_size=50", "early_stopping.min_delta=0.99"]
CURVES = ("train/loss", "train/accuracy", "val/loss", "val/accuracy")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One store for all tests that only add to it."""
    return tmp_path_factory.mktemp("tracking")


@pytest.fixture(scope="module")
def uri(folder):
    return new_record(folder)


@pytest.fixture(scope="module")
def client(uri):
    return MlflowClient(uri)


@pytest.fixture(scope="module")
def config(uri):
    return load(*OVERRIDES, f"tracking.uri={uri}", "tracking.experiment=finished", "context=cpu")


@pytest.fixture(scope="module")
def events():
    """What the run that was trained to its end told."""
    return []


@pytest.fixture(scope="module")
def finished(config, client, folder, events):
    """A run that was trained to its end; its record, and what execute returned."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        score = execute(config, OVERRIDES, events.append)
        experiment = client.get_experiment_by_name("finished")
        (run,) = client.search_runs([experiment.experiment_id])
    return run, score


@pytest.fixture(scope="module")
def files(finished, client, tmp_path_factory):
    """The run's artifacts."""
    target = tmp_path_factory.mktemp("artifacts")
    return Path(client.download_artifacts(finished[0].info.run_id, "", str(target)))


@pytest.fixture
def tracker(uri, folder, monkeypatch):
    monkeypatch.chdir(folder)
    return Tracker(uri, "by hand")


# --- what a finished run has ---


def test_status_and_name(finished):
    run, _ = finished
    assert run.info.status == "FINISHED"
    assert run.info.run_name == f"{' '.join(OVERRIDES)} mlp relu mnist_5k"


def test_the_commit_is_a_tag(finished):
    known = commit()
    tags = finished[0].data.tags
    if known is not None:
        assert tags["mlflow.source.git.commit"] == known[0]
        assert tags["mlflow.source.git.dirty"] == str(known[1]).lower()


def test_params_are_the_configuration(finished, config):
    logged = finished[0].data.params
    assert logged == params(config)
    assert logged["model.hidden"] == "[16]"
    assert logged["optim.lr"] == "0.1"
    assert not [key for key in logged if key.startswith("tracking")]


def test_tags(finished, config):
    tags = finished[0].data.tags
    digest = load_dataset(config.dataset).digest
    assert tags["dataset.digest"] == digest
    assert tags["fingerprint"] == fingerprint(config, digest)
    assert tags["sweep.kind"] == "run"
    assert tags["device"] == "cpu(0)"
    assert tags["version.sweep"] == __version__
    assert tags["version.mxnet"] == mx.__version__
    assert tags["version.numpy"] == np.__version__
    assert tags["version.python"] == ".".join(map(str, sys.version_info[:3]))
    assert "failure_reason" not in tags


def test_curves_have_the_epoch_as_step(finished, client):
    for key in (*CURVES, "epoch_seconds", "images_per_second"):
        history = client.get_metric_history(finished[0].info.run_id, key)
        assert [point.step for point in history] == [1, 2, 3], key
    losses = client.get_metric_history(finished[0].info.run_id, "train/loss")
    assert losses[2].value < losses[0].value


def test_what_a_run_tells_is_what_is_recorded(finished, events, client):
    run, _ = finished
    recorded, started, *epochs, kept, ended = events
    assert recorded == Recorded(run.info.run_id)
    assert started == Started(run.info.run_name, run.info.run_id, 3)
    assert [each.epoch for each in epochs] == [1, 2, 3]
    for each in epochs:
        assert {*CURVES, "epoch_seconds", "images_per_second"} == set(each.metrics)
        for key, value in each.metrics.items():
            history = client.get_metric_history(run.info.run_id, key)
            assert history[each.epoch - 1].value == value
    assert kept.epoch == epochs[0]
    assert {key: run.data.metrics[key] for key in kept.summary} == kept.summary
    assert "test/accuracy" in kept.summary
    assert ended == Ended("FINISHED")


def test_the_summary_is_of_the_kept_epoch(finished, client):
    run, score = finished
    metrics = run.data.metrics
    assert metrics["best_epoch"] == 1
    for key in CURVES:
        first, _, last = client.get_metric_history(run.info.run_id, key)
        assert metrics[at_best(key)] == first.value
        assert metrics[key] == last.value
    assert score == metrics["val_at_best/accuracy"] < metrics["val/accuracy"]
    assert {key for key in metrics if key.startswith("test/")} == {"test/loss", "test/accuracy"}
    (test,) = client.get_metric_history(run.info.run_id, "test/accuracy")
    assert test.step == 1


def test_the_dataset_is_named_with_each_split(finished, config):
    inputs = finished[0].inputs.dataset_inputs
    digest = load_dataset(config.dataset).digest
    found = {}
    for each in inputs:
        (tag,) = each.tags
        assert tag.key == "mlflow.data.context"
        profile = json.loads(each.dataset.profile)
        assert each.dataset.name == "mnist_5k"
        assert profile["sha256"] == digest
        assert json.loads(each.dataset.source) == {"uri": "sweep/data/mnist_5k.npz"}
        found[tag.value] = profile["num_rows"]
    assert found == {"training": 3500, "validation": 500, "testing": 1000}


def test_artifacts(files):
    found = {str(each.relative_to(files)) for each in files.rglob("*") if each.is_file()}
    assert {each for each in found if not each.startswith("figures/")} == {
        *("config.yaml", "environment.yaml", "parameters/names.json", "parameters/net.txt")
    }


def test_config_yaml_loads_back(files, config):
    loaded = from_yaml((files / "config.yaml").read_text())
    assert loaded == dataclasses.replace(config, tracking=load().tracking)


def test_environment_yaml(files):
    values = yaml.safe_load((files / "environment.yaml").read_text())
    assert values["packages"]["mxnet"] == mx.__version__
    assert values["sweep"] == __version__
    assert values["cores"] == os.cpu_count()


def test_the_kept_parameters_give_the_logged_test_results(finished, client, folder, config):
    dataset = load_dataset(config.dataset)
    shape, classes = dataset.shape, dataset.outputs
    net = build_network(config.model, shape, classes, seed=12345, context=mx.cpu())
    net.load_parameters(kept_file(client, finished[0].info.run_id, folder))
    metrics = finished[0].data.metrics
    measured = [measured_metric("accuracy")]
    test = Evaluation(net, dataset.test, measured, mx.cpu(), config.loss).measure()
    assert test == {"loss": metrics["test/loss"], "accuracy": metrics["test/accuracy"]}
    val = Evaluation(net, dataset.val, measured, mx.cpu(), config.loss).measure()
    assert val == {"loss": metrics["val_at_best/loss"], "accuracy": metrics["val_at_best/accuracy"]}


# --- runs that end otherwise ---


def test_nested_runs_name_their_parent(tracker, client):
    with tracker.open_run("outer", {}, {}, parent=None) as outer:
        with tracker.open_run("inner", {"a": "1"}, {"b": "2"}, parent=outer.run_id) as inner:
            inner.log_metrics({"val/accuracy": 0.5}, epoch=4)
            assert client.get_run(inner.run_id).info.status == "RUNNING"
    run = client.get_run(inner.run_id)
    assert run.info.status == client.get_run(outer.run_id).info.status == "FINISHED"
    assert run.data.tags["mlflow.parentRunId"] == outer.run_id
    assert "mlflow.parentRunId" not in client.get_run(outer.run_id).data.tags
    assert (run.data.params, run.data.tags["b"]) == ({"a": "1"}, "2")
    assert run.data.metrics == {"val/accuracy": 0.5}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("one\n  two"), "ValueError: one two"),
        (RunFailed("diverged at epoch 3"), "diverged at epoch 3"),
        (MemoryError(), "MemoryError: no message"),
        (SystemExit(3), "SystemExit: 3"),
        (ValueError("x" * 9000), "ValueError: " + "x" * 488),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_a_run_that_raises_is_failed(tracker, client, tmp_path, error, reason):
    with pytest.raises(type(error)) as raised:
        with tracker.open_run("breaks", {}, {}, parent=None) as record:
            raise error
    assert raised.value is error
    run = client.get_run(record.run_id)
    assert run.info.status == "FAILED"
    assert run.info.end_time is not None
    assert run.data.tags["failure_reason"] == reason
    text = Path(client.download_artifacts(record.run_id, "traceback.txt", str(tmp_path)))
    lines = text.read_text().splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert "    raise error" in lines
    assert type(error).__name__ in text.read_text()


def test_an_interrupted_run_is_killed(tracker, client):
    with pytest.raises(KeyboardInterrupt):
        with tracker.open_run("stopped", {}, {}, parent=None) as record:
            raise KeyboardInterrupt
    run = client.get_run(record.run_id)
    assert run.info.status == "KILLED"
    assert run.info.end_time is not None
    assert "failure_reason" not in run.data.tags
    assert client.list_artifacts(record.run_id) == []


def test_a_run_that_pauses_goes_on_or_is_closed(tracker, client):
    with pytest.raises(Paused), tracker.open_run("waits", {}, {}, None) as record:
        raise Paused(3, "others decide")
    number = record.run_id

    def found():
        return run_info(client.get_run(number))

    assert (found().status, found().state) == ("KILLED", "PAUSED")
    assert found().tags["paused_after_epoch"] == "3"
    assert "failure_reason" not in found().tags
    with pytest.raises(Paused), tracker.open_run("waits", {}, {}, None, found()):
        assert client.get_run(number).info.status == "RUNNING"
        assert {"paused_after_epoch", "interruptions"}.isdisjoint(client.get_run(number).data.tags)
        raise Paused(9, "others decide again")
    tracker.prune_paused(number, Pruned(9, "others were better"))
    assert (found().status, found().state) == ("KILLED", "PRUNED")
    assert found().tags["pruned_after_epoch"] == "9"
    assert found().tags["failure_reason"] == "others were better"
    assert "paused_after_epoch" not in found().tags


def test_a_run_that_diverges_is_failed_with_its_epoch(uri, client, folder, monkeypatch):
    monkeypatch.chdir(folder)
    overrides = ["model.hidden=[8]", "model.activation=relu", "optim.lr=1e30", "epochs=2"]
    where, events = [f"tracking.uri={uri}", "tracking.experiment=diverges"], []
    with pytest.raises(RunFailed, match=r"^diverged at epoch 1: \S+ is (nan|inf)$") as raised:
        execute(load(*overrides, *where), overrides, events.append)
    experiment = client.get_experiment_by_name("diverges")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FAILED"
    assert run.data.tags["failure_reason"] == str(raised.value)
    name = f"{' '.join(overrides[:1] + overrides[2:])} mlp relu mnist_5k"
    started = [Recorded(run.info.run_id), Started(name, run.info.run_id, 2)]
    assert events == [*started, Ended("FAILED", str(raised.value))]
    assert "traceback.txt" in [each.path for each in client.list_artifacts(run.info.run_id)]
    assert "val/accuracy" not in run.data.metrics


# --- metrics are sent by a thread of their own ---


class Client:
    """Takes batches of metrics, but fails at first; waits for the gate before it does anything."""

    def __init__(self, failures=0):
        self.failures, self.calls, self.batches, self.status = failures, 0, [], None
        self.entered, self.gate = threading.Event(), threading.Event()
        self.gate.set()

    def log_batch(self, run_id, metrics):
        self.entered.set()
        assert self.gate.wait(60)
        self.calls += 1
        if self.calls <= self.failures:
            raise ConnectionError("not now")
        self.batches.append([(each.key, each.value, each.step) for each in metrics])

    def set_terminated(self, run_id, status, end_time):
        self.status = status

    @property
    def taken(self):
        return [metric for batch in self.batches for metric in batch]


def epoch(number):
    return EpochRecord(number, {"train/loss": number / 7, "val/loss": number / 3})


def as_sent(numbers):
    return [
        metric
        for each in numbers
        for metric in [("train/loss", each / 7, each), ("val/loss", each / 3, each)]
    ]


@pytest.mark.parametrize("failures", [0, 1, 3, 5])
def test_no_metric_is_lost_when_sending_fails(failures):
    client = Client(failures)
    record = Record(client, "a run")
    for number in range(1, 6):
        record.log_epoch(epoch(number))
    record.finish()
    assert client.taken == as_sent(range(1, 6))
    assert client.status == "FINISHED"


def test_metrics_go_out_before_the_record_is_closed():
    client = Client()
    record = Record(client, "a run")
    record.log_epoch(epoch(1))
    assert client.entered.wait(60)
    assert client.status is None
    record.kill()
    assert (client.batches, client.status) == ([as_sent([1])], "KILLED")


def test_training_does_not_wait_for_a_slow_client():
    client = Client()
    record = Record(client, "a run")
    client.gate.clear()
    record.log_epoch(epoch(1))
    assert client.entered.wait(60)  # it is in the middle of sending, and stays there
    for number in range(2, 10):
        record.log_epoch(epoch(number))
    assert client.batches == []
    client.gate.set()
    record.finish()
    assert client.taken == as_sent(range(1, 10))


def test_many_unsent_metrics_go_in_batches_that_mlflow_takes():
    client = Client(failures=1)
    record = Record(client, "a run")
    client.gate.clear()
    for number in range(1, 1301):
        record.log_epoch(epoch(number))
    client.gate.set()
    record.finish()
    assert client.taken == as_sent(range(1, 1301))
    assert max(len(batch) for batch in client.batches) == 1000


def test_an_interrupted_run_waits_little_for_a_slow_client(monkeypatch):
    monkeypatch.setattr(recording, "LAST_WORDS_SECONDS", 0.05)
    client = Client()
    record = Record(client, "a run")
    client.gate.clear()
    for number in range(1, 5):
        record.log_epoch(epoch(number))
    record.kill()
    assert (client.batches, client.status) == ([], "KILLED")
    client.gate.set()


def test_what_is_recorded_already_is_not_sent_again():
    client = Client()
    known = [("train/loss", 1), ("val/loss", 1), ("val/loss", 2), ("train/loss", 3)]
    record = Record(client, "a run", known)
    record.log_epochs([epoch(number) for number in range(1, 4)])
    record.log_epoch(epoch(3))
    record.log_epoch(epoch(4))
    record.finish()
    missing = [("train/loss", 2 / 7, 2), ("val/loss", 3 / 3, 3)]
    assert client.taken == missing + as_sent([4])


def test_a_metric_keeps_the_time_of_its_epoch():
    client = Client()
    sent = []
    client.log_batch = lambda run_id, metrics: sent.extend(metrics)
    record = Record(client, "a run")
    records = [EpochRecord(each, {"val/loss": 0.5}, 1_700_000_000_000 + each) for each in (1, 2)]
    record.log_epochs(records)
    record.finish()
    assert [each.timestamp for each in sent] == [each.timestamp_ms for each in records]


@pytest.mark.parametrize("error", [None, KeyboardInterrupt(), ValueError("first")])
def test_a_run_whose_metrics_cannot_be_sent_does_not_stay_open(tracker, client, monkeypatch, error):
    log_batch = MlflowClient.log_batch

    def refuse(self, run_id, metrics=(), **options):
        if metrics:
            raise ConnectionError("never")
        log_batch(self, run_id, **options)

    monkeypatch.setattr(MlflowClient, "log_batch", refuse)
    with pytest.raises(BaseException) as raised:
        with tracker.open_run("cut off", {}, {}, parent=None) as record:
            record.log_metrics({"val/loss": 0.5}, epoch=1)
            if error:
                raise error
    assert error is None or raised.value is error
    assert client.get_run(record.run_id).info.status == {
        "KeyboardInterrupt": "KILLED",
    }.get(type(error).__name__, "FAILED")


# --- addresses ---


def test_which_address_is_used(monkeypatch):
    assert resolve_uri(None) == "sqlite:///mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://from.the.environment")
    assert resolve_uri(None) == "http://from.the.environment"
    assert resolve_uri("http://configured") == "http://configured"


def test_a_password_is_never_shown():
    assert redacted("https://user:secret@host/path") == "https://***@host/path"
    assert redacted("postgresql://user:secret@host/db") == "postgresql://***@host/db"
    assert redacted("postgres://user:sec/ret@host/db") == "postgres://***@host/db"
    assert redacted("no mysq+x://user:se/c@ret@host/db") == "no mysq+x://***@host/db"
    assert redacted("mysql://user@host/db?password=a&x=1") == "mysql://***@host/db?password=***&x=1"
    assert redacted("ask https://host/a?X-Token=secret") == "ask https://host/a?X-Token=***"
    assert redacted("what is ?token=this") == "what is ?token=this"
    assert redacted("sqlite:///mlflow.db") == "sqlite:///mlflow.db"
    for uri in ("sqlite:///a@b.db", "file:///a@b", "https://host/a@b", "sqlite+pysqlite:///a@b"):
        assert redacted(uri) == uri


def test_how_to_browse():
    start = r"MLFLOW_DISABLE_TELEMETRY=true (\S*/)?mlflow ui"
    assert re.fullmatch(start, browse_command("sqlite:///mlflow.db"))
    elsewhere = browse_command("sqlite:////x/y.db")
    assert re.fullmatch(f"{start} --backend-store-uri sqlite:////x/y.db", elsewhere)
    assert browse_command("http://127.0.0.1:5000") == "http://127.0.0.1:5000"


def test_a_deleted_experiment_is_explained(uri, client, tracker):
    number = client.create_experiment("deleted")
    client.delete_experiment(number)
    with pytest.raises(UserError, match=rf"^tracking.experiment=deleted: .*restore -x {number}`$"):
        Tracker(uri, "deleted")


def test_the_default_store_is_the_one_of_a_plain_mlflow_ui(tmp_path):
    with Tracker(None, "here").open_run("one", {}, {}, parent=None) as record:
        record.log_text("text", "note.txt")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["mlflow.db", "mlruns"]
    (note,) = (tmp_path / "mlruns").rglob("note.txt")
    assert note.read_text() == "text"
    client = MlflowClient("sqlite:///mlflow.db")
    assert client.get_run(record.run_id).info.status == "FINISHED"


# --- reading ---


def test_reading_goes_on_page_after_page(uri, client, tracker, monkeypatch):
    pages, search = [], MlflowClient.search_runs

    def search_in_threes(*arguments, max_results, **options):
        pages.append(search(*arguments, max_results=min(max_results, 3), **options))
        return pages[-1]

    number = client.create_experiment("pages")
    parent = client.create_run(number, tags={"sweep.kind": "sweep"}).info.run_id
    ids = {
        client.create_run(number, tags={"mlflow.parentRunId": parent}).info.run_id for _ in range(7)
    }
    monkeypatch.setattr(MlflowClient, "search_runs", search_in_threes)
    monkeypatch.setattr(database, "can_be_read", lambda uri: False)
    assert set(read_runs(uri, "pages", None)["run_id"]) == ids
    assert [len(page) for page in pages] == [3, 3, 2]
    assert set(read_runs(uri, "pages", parent)["run_id"]) == ids


def test_a_clock_that_was_set_back_makes_no_run_end_before_it_began(uri, client):
    number = client.create_experiment("clock")
    run = client.create_run(number, start_time=1_000_000)
    client.set_terminated(run.info.run_id, end_time=1_000_000 - 3_600_000)
    (row,) = read_runs(uri, "clock", None).to_dict("records")
    assert row["duration_seconds"] == 0


def test_a_clock_that_is_set_back_meanwhile_makes_no_run_end_before_it_began(
    uri, client, tracker, monkeypatch
):
    offset_ms = 0
    monkeypatch.setattr(recording, "now_ms", lambda: int(time.time() * 1000) - offset_ms)
    with tracker.open_run("set back", {}, {}, None) as record:
        offset_ms = 3_600_000
    info = client.get_run(record.run_id).info
    assert 0 <= info.end_time - info.start_time < 3_600_000


def test_a_run_that_is_closed_for_another_has_not_ended_before_it_began(uri, client, tracker):
    with tracker.open_run("closed", {}, {}, None) as record:
        pass
    start_ms = int(time.time() * 1000) + 3_600_000
    run = client.create_run(client.get_run(record.run_id).info.experiment_id, start_time=start_ms)
    tracker.close_if_running(run.info.run_id, "left behind")
    info = client.get_run(run.info.run_id).info
    assert info.status == "KILLED"
    assert start_ms <= info.end_time < start_ms + 60_000


def test_what_is_read(uri, finished):
    run, _ = finished
    (row,) = read_runs(uri, "finished", None).to_dict("records")
    assert row["run_id"] == run.info.run_id
    assert row["status"] == "FINISHED"
    assert row["duration_seconds"] == (run.info.end_time - run.info.start_time) / 1000
    assert row["start_time"].timestamp() * 1000 == run.info.start_time
    assert row["params.model.hidden"] == "[16]"
    assert row["metrics.test/accuracy"] == run.data.metrics["test/accuracy"]
    assert row["tags.fingerprint"] == run.data.tags["fingerprint"]


@pytest.mark.parametrize(
    ("error", "status"), [(ConnectionError("not now"), "FAILED"), (KeyboardInterrupt(), "KILLED")]
)
def test_a_run_that_cannot_be_closed_at_first_does_not_stay_open(
    tracker, client, monkeypatch, error, status
):
    closed, asked = MlflowClient.set_terminated, []

    def refuse_once(self, *arguments):
        asked.append(arguments)
        if len(asked) == 1:
            raise error
        closed(self, *arguments)

    monkeypatch.setattr(MlflowClient, "set_terminated", refuse_once)
    with pytest.raises((RunFailed, KeyboardInterrupt)) as raised:
        with tracker.open_run("closed late", {}, {}, parent=None) as record:
            record.log_metrics({"val/loss": 0.5}, epoch=1)
    run, said = client.get_run(record.run_id), ""
    if status == "FAILED":
        said = (
            f"the end of run {record.run_id} could not be recorded; the same command does it: "
            "ConnectionError: not now"
        )
    assert (run.info.status, run.data.metrics) == (status, {"val/loss": 0.5})
    assert (run.data.tags.get("failure_reason", ""), str(raised.value)) == (said, said)


def test_a_traceback_that_cannot_be_kept_is_said_to_be_that(tracker, client, monkeypatch, caplog):
    def full(self, run_id, text, path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(MlflowClient, "log_text", full)
    with pytest.raises(ValueError, match="first"):
        with tracker.open_run("no room", {}, {}, parent=None) as record:
            raise ValueError("first")
    run = client.get_run(record.run_id)
    assert (run.info.status, run.data.tags["failure_reason"]) == ("FAILED", "ValueError: first")
    assert caplog.messages == [
        f"the traceback of run {record.run_id} could not be kept: "
        "[Errno 28] No space left on device"
    ]
