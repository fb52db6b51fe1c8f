"""What the record says of a run that was ended on purpose."""

import pytest
from mlflow import MlflowClient
from record import new_record

from sweep.config.compose import load
from sweep.tracking import Tracker, close_as_killed


@pytest.mark.parametrize(
    ("status", "is_killed", "now"), [("FINISHED", False, "FINISHED"), ("RUNNING", True, "KILLED")]
)
def test_what_has_finished_stays_so_when_it_is_killed(tmp_path, status, is_killed, now):
    uri = new_record(tmp_path)
    config, client = load(f"tracking.uri={uri}").tracking, MlflowClient(uri)
    with Tracker(uri, config.experiment).open_run("run", {}, {}, None) as record:
        pass
    client.update_run(record.run_id, status)
    assert close_as_killed(config, record.run_id, "because") is is_killed
    run = client.get_run(record.run_id)
    assert run.info.status == now
    assert run.data.tags.get("failure_reason") == ("because" if is_killed else None)
