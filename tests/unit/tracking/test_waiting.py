"""A run that sends files to a slow record does not hang."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from sweep import heartbeat
from sweep.tracking import Record
from sweep.tracking import writer as recording

FILES = Path("files")


@pytest.fixture
def told():
    """What a run's process tells of itself."""
    found = []
    heartbeat.tell_by(lambda: found.append("on"), lambda: found.append("waits"))
    yield found
    heartbeat.tell_by(heartbeat._nobody)


@pytest.mark.parametrize(
    "send",
    [
        lambda record: record.log_text("text", "text.txt"),
        lambda record: record.log_file(FILES / "file"),
        lambda record: record.log_files(FILES, "files"),
        lambda record: record.log_model(None, 1),
        lambda record: record.flush(),
    ],
)
def test_who_sends_to_the_record_waits_meanwhile(told, monkeypatch, send):
    def sent(*arguments, **options):
        told.append("sent")

    methods = dict.fromkeys(("log_text", "log_artifact", "log_artifacts", "log_batch"), sent)
    monkeypatch.setattr(recording, "log_model_again", sent)
    record = Record(SimpleNamespace(**methods), "id")
    record._queue({"val/loss": 0.5}, 1, 0)
    send(record)
    assert told == ["waits", "sent", "on"]
