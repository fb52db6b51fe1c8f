"""How runs are closed: by their own processes, or where these cannot do it any more."""

import logging
from typing import TYPE_CHECKING

from sweep.errors import Killed, Paused, Pruned, RunFailed
from sweep.tracking.connection import short_timeouts
from sweep.tracking.mlflow_import import client_of
from sweep.tracking.names import FAILURE, PAUSED_AFTER, PRUNED_AFTER
from sweep.tracking.run_info import reason
from sweep.uris import resolve_uri

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from sweep.config.schema import Tracking
    from sweep.tracking.writer import Record

UNRECORDED = "the end of run %s could not be recorded; the same command does it: %s"

log = logging.getLogger(__name__)


def close_after(record: "Record", error: BaseException) -> None:
    """Close a run as what was raised makes it; log it if that is not possible."""
    try:
        if isinstance(error, KeyboardInterrupt):
            record.kill()
        elif isinstance(error, Pruned):
            record.prune(error)
        elif isinstance(error, Paused):
            record.pause(error)
        elif isinstance(error, Killed):
            record.kill({FAILURE: str(error)})
        else:
            record.fail(error)
    except Exception as other:  # whatever it is, what failed first counts
        log.warning(UNRECORDED, record.run_id, reason(other))


def close_as_failed(config: "Tracking", run_id: str, error: RunFailed) -> None:
    """Close the record of a run whose process died; log it if that is not possible.

    Within seconds: whoever calls this has other runs to look after.
    """
    from sweep.tracking.writer import Record

    try:
        with short_timeouts():
            client = client_of(resolve_uri(config.uri))
            start_ms = client.get_run(run_id).info.start_time
            Record(client, run_id, start_ms=start_ms).fail(error)
    except Exception as other:  # whatever keeps it from being recorded, the sweep goes on
        log.warning(UNRECORDED, run_id, reason(other))


def close_as_killed(config: "Tracking", run_id: str, why: str) -> bool:
    """Record why a run was ended on purpose, and close it if its process did not.

    Within seconds, as :func:`close_as_failed`; log it if that is not possible. What is FINISHED
    stays so.

    Returns:
        False if it was FINISHED.
    """
    from sweep.tracking.writer import Record

    try:
        with short_timeouts():
            client = client_of(resolve_uri(config.uri))
            info = client.get_run(run_id).info
            if info.status == "FINISHED":
                return False
            Record(client, run_id, start_ms=info.start_time).kill({FAILURE: why})
    except Exception as other:  # whatever keeps it from being recorded, the sweep goes on
        log.warning(UNRECORDED, run_id, reason(other))
    return True


def close_if_running(client: "MlflowClient", run_id: str, why: str) -> None:
    """Close as KILLED, with the reason, a run or a sweep whose process did not do it."""
    from sweep.tracking.writer import Record

    with short_timeouts():
        info = client.get_run(run_id).info
        if info.status == "RUNNING":
            Record(client, run_id, start_ms=info.start_time).kill({FAILURE: why})


def prune_paused(client: "MlflowClient", run_id: str, pruned: Pruned) -> None:
    """Close for good a run that has ended without its end: with the epoch and the reason."""
    from mlflow.entities import RunTag

    tags = {FAILURE: str(pruned), PRUNED_AFTER: str(pruned.epoch)}
    client.log_batch(run_id, tags=[RunTag(key, tags[key]) for key in tags])
    if PAUSED_AFTER in client.get_run(run_id).data.tags:
        client.delete_tag(run_id, PAUSED_AFTER)
