import pytest
from record import new_record

from sweep.errors import UserError
from sweep.tracking import Tracker, artifacts, read_text


@pytest.fixture
def recorded(tmp_path):
    """A record's address, and the id of a run in it that keeps a text."""
    tracker = Tracker(new_record(tmp_path), "Default")
    with tracker.open_run("run", {}, {}, None) as record:
        record.log_text("what it says: ü", "a folder/text.txt")
    return tracker.uri, record.run_id


def test_a_text_is_read_from_the_disk_without_mlflow(recorded, monkeypatch):
    uri, run_id = recorded
    by_mlflow = artifacts._fetched(uri, run_id, "a folder/text.txt")
    monkeypatch.delattr(artifacts, "_fetched")
    assert read_text(uri, run_id, "a folder/text.txt") == by_mlflow == "what it says: ü"
    assert read_text(uri, run_id, "another.txt") is None


def test_mlflow_says_that_a_run_is_not_there(recorded):
    uri, _ = recorded
    with pytest.raises(UserError) as refusal:
        read_text(uri, "0" * 32, "text.txt")
    assert "Run with id=00000000000000000000000000000000 not found" in str(refusal.value)


def test_a_text_that_is_kept_elsewhere_is_fetched(recorded, monkeypatch):
    uri, run_id = recorded
    monkeypatch.setattr(artifacts, "places_of", lambda uri, ids: {run_id: "s3://bucket/artifacts"})
    assert read_text(uri, run_id, "a folder/text.txt") == "what it says: ü"  # MLflow knows better
