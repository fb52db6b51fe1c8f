"""A record that MLflow cannot open, though it could be read at once: it is said in one sentence."""

import sqlite3

import pytest
from record import new_record

from sweep.errors import Pruned, UserError
from sweep.tracking import Tracker, read_text, set_note, set_tags

RUN = "0" * 32


def open_run(tracker):
    with tracker.open_run("run", {}, {}, None):
        pass


@pytest.mark.parametrize(
    "use",
    [
        open_run,
        lambda tracker: tracker.prune_paused(RUN, Pruned(1, "behind")),
        lambda tracker: read_text(tracker.uri, RUN, "found.json"),
        lambda tracker: set_note(tracker.uri, RUN, "a note"),
        lambda tracker: set_tags(tracker.uri, RUN, {"a": "b"}),
    ],
)
def test_what_mlflow_cannot_open_is_said_in_one_sentence(tmp_path, use):
    tracker = Tracker(new_record(tmp_path), "Default")
    with sqlite3.connect(tmp_path / "mlflow.db") as changed:
        changed.execute("UPDATE alembic_version SET version_num = 'another'")
    changed.close()
    with pytest.raises(UserError) as refusal:
        use(tracker)
    assert str(refusal.value).startswith(f"tracking.uri={tracker.uri}: was made by a")
