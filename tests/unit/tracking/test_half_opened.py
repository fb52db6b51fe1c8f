"""A run or a sweep that is cut short while its record is opened: it does not stay RUNNING."""

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from record import new_record

from sweep.errors import UserError
from sweep.tracking import FAILURE, FINGERPRINT, FOLDER, Tracker, reason
from sweep.tracking.run_info import run_info

TAGS = {FINGERPRINT: "0123", FOLDER: "here"}


@pytest.fixture(scope="module")
def uri(tmp_path_factory):
    return new_record(tmp_path_factory.mktemp("tracking"))


@pytest.fixture
def tracker(uri, request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Tracker(uri, request.node.name)


@pytest.fixture
def client(uri):
    return MlflowClient(uri)


@pytest.fixture
def past(tracker, client):
    """Return a run of one epoch that was interrupted."""
    with pytest.raises(KeyboardInterrupt):
        with tracker.open_run("begun", {"a": "1"}, TAGS, None) as record:
            record.log_metrics({"val/loss": 0.5}, epoch=1)
            record.flush()
            raise KeyboardInterrupt
    return run_info(client.get_run(record.run_id))


def raising(error):
    def refuse(*arguments, **options):
        raise error

    return refuse


CUT_SHORT = pytest.mark.parametrize(
    ("error", "raised", "status"),
    [
        (KeyboardInterrupt(), KeyboardInterrupt, "KILLED"),
        (MlflowException("not now"), UserError, "FAILED"),
    ],
    ids=["interrupted", "refused"],
)


@CUT_SHORT
@pytest.mark.parametrize("call", ["log_batch", "get_metric_history", "get_run"])
def test_what_goes_on_is_closed_if_it_cannot_be_opened(
    tracker, client, past, monkeypatch, call, error, raised, status
):
    client.update_run(past.run_id, "FINISHED")  # a sweep that has more to train since
    before = client.get_run(past.run_id).info.end_time
    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, call, raising(error))
        with pytest.raises(raised) as refusal:
            with tracker.open_run("begun", {"a": "1"}, TAGS, None, past):
                raise AssertionError
    run = client.get_run(past.run_id)
    assert (run.info.status, run.info.end_time >= before) == (status, True)
    said = reason(refusal.value) if status == "FAILED" else None
    assert run.data.tags.get(FAILURE) == said
    with tracker.open_run("begun", {"a": "1"}, TAGS, None, run_info(run)) as record:
        record.log_metrics({"val/loss": 0.5}, epoch=1)
    assert len(client.get_metric_history(past.run_id, "val/loss")) == 1


@CUT_SHORT
def test_what_is_not_running_yet_stays_as_it_was(
    tracker, client, past, monkeypatch, error, raised, status
):
    client.update_run(past.run_id, "FINISHED")
    monkeypatch.setattr(MlflowClient, "update_run", raising(error))
    with pytest.raises(raised):
        with tracker.open_run("begun", {"a": "1"}, TAGS, None, past):
            raise AssertionError
    assert client.get_run(past.run_id).info.status == "FINISHED"


@CUT_SHORT
def test_what_was_created_is_closed_though_its_id_was_lost(
    tracker, client, monkeypatch, error, raised, status
):
    create, made = MlflowClient.create_run, []

    def created_and_lost(self, *arguments, **options):
        made.append(create(self, *arguments, **options).info.run_id)
        raise error

    number = tracker._experiment_id
    others = [
        client.create_run(number, tags=tags).info.run_id
        for tags in ({**TAGS, FINGERPRINT: "4567"}, {**TAGS, FOLDER: "elsewhere"}, {})
    ]
    monkeypatch.setattr(MlflowClient, "create_run", created_and_lost)
    with pytest.raises(raised):
        with tracker.open_run("new", {}, TAGS, None):
            raise AssertionError
    assert client.get_run(made[0]).info.status == status
    assert {client.get_run(each).info.status for each in others} == {"RUNNING"}


def test_what_was_never_created_needs_no_end(tracker, monkeypatch, caplog):
    monkeypatch.setattr(MlflowClient, "create_run", raising(MlflowException("not now")))
    with pytest.raises(UserError, match="not now"):
        with tracker.open_run("new", {}, TAGS, None):
            raise AssertionError
    assert (tracker.running(), caplog.messages) == ([], [])


def test_what_failed_first_counts_where_the_record_has_gone(tracker, past, monkeypatch):
    monkeypatch.setattr(MlflowClient, "get_metric_history", raising(MlflowException("first")))
    monkeypatch.setattr(Tracker, "_search", raising(UserError("then")))
    with pytest.raises(UserError, match="first"):
        with tracker.open_run("begun", {"a": "1"}, TAGS, None, past):
            raise AssertionError
