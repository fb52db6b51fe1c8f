"""Runs and sweeps as their processes leave them in the record."""

from sweep import tracking
from sweep.runs.resume import LEFT_BEHIND
from sweep.tracking import FINGERPRINT, FOLDER

KILLED = ("KILLED", LEFT_BEHIND, True)
RUNNING = ("RUNNING", None, False)


def recorder(tracker, locks):
    """Return what records a run or a sweep as left by its process, and returns its id."""

    def create(key, status="RUNNING", folder=None, kind=tracking.RUN):
        tags = {tracking.KIND: kind, FOLDER: folder or locks.folder_id}
        tags |= {FINGERPRINT: key} if key else {}
        client, experiment = tracker._client, tracker._experiment_id
        run_id = client.create_run(experiment, tags=tags).info.run_id
        if status != "RUNNING":
            client.set_terminated(run_id, status)
        return run_id

    return create


def state(tracker, run_id):
    """Return a run's status, why it failed, and whether it has ended."""
    run = tracker._client.get_run(run_id)
    ended = run.info.end_time is not None
    return run.info.status, run.data.tags.get(tracking.FAILURE), ended
