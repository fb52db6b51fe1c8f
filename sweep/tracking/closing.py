"""Runs whose processes cannot record their own end any more."""

import logging

from sweep.config.schema import Tracking
from sweep.errors import RunFailed
from sweep.tracking.connection import short_timeouts
from sweep.tracking.mlflow_import import client_of
from sweep.tracking.names import FAILURE
from sweep.tracking.run_info import reason
from sweep.tracking.tracker import UNRECORDED
from sweep.uris import resolve_uri

log = logging.getLogger(__name__)


def close_as_failed(config: Tracking, run_id: str, error: RunFailed) -> None:
    """Close the record of a run whose process died; log it if that is not possible.

    Within seconds: whoever calls this has other runs to look after.
    """
    from sweep.tracking.writer import Record

    try:
        with short_timeouts():
            client = client_of(resolve_uri(config.uri))
            begun_ms = client.get_run(run_id).info.start_time
            Record(client, run_id, begun_ms=begun_ms).fail(error)
    except Exception as other:  # whatever keeps it from being recorded, the sweep goes on
        log.warning(UNRECORDED, run_id, reason(other))


def close_as_killed(config: Tracking, run_id: str, why: str) -> bool:
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
            Record(client, run_id, begun_ms=info.start_time).kill({FAILURE: why})
    except Exception as other:  # whatever keeps it from being recorded, the sweep goes on
        log.warning(UNRECORDED, run_id, reason(other))
    return True
