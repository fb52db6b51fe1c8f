"""What the record says of a run that was ended on purpose."""

import time

import pytest
from mlflow import MlflowClient
from record import new_record

from sweep.config.compose import load
from sweep.errors import RunFailed
from sweep.tracking import Tracker, close_as_failed, close_as_killed


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


def test_a_run_that_its_sweep_closes_does_not_end_before_it_began(tmp_path):
    """Though the clock was set back since."""
    uri = new_record(tmp_path)
    config, client = load(f"tracking.uri={uri}").tracking, MlflowClient(uri)
    number = client.create_experiment(config.experiment)
    later_ms = int(time.time() * 1000) + 3_600_000
    died, killed = (client.create_run(number, start_time=later_ms).info.run_id for _ in range(2))
    close_as_failed(config, died, RunFailed("because"))
    close_as_killed(config, killed, "because")
    for run_id, status in ((died, "FAILED"), (killed, "KILLED")):
        info = client.get_run(run_id).info
        assert (info.status, info.end_time >= later_ms) == (status, True)
