"""How a combination stands in the record: trained, begun, or new."""

import logging
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sweep.config.params import score_metric
from sweep.config.schema import Config
from sweep.runs.locks import RunLocks
from sweep.tracking import RunInfo, Tracker, kept_value

LEFT_BEHIND = "its process ended without closing it"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PriorRuns:
    """What is recorded of a combination.

    Attributes:
        trained: the newest run that is FINISHED.
        begun: the newest run that is not, and has its checkpoints here.
    """

    trained: RunInfo | None
    begun: RunInfo | None


def prior_runs(past: Sequence[RunInfo], folder_id: str) -> PriorRuns:
    """Return how a combination stands.

    Args:
        past: its runs, the newest first.
        folder_id: of the folder with checkpoints.
    """
    trained = [run for run in past if run.finished]
    begun = [run for run in past if not run.finished and run.folder_id == folder_id]
    return PriorRuns(next(iter(trained), None), next(iter(begun), None))


def all_prior_runs(
    fingerprints: Iterable[str], tracker: Tracker, locks: RunLocks
) -> dict[str, PriorRuns]:
    """Return how each combination stands, but the new ones."""
    found = {key: tracker.find_runs(key) for key in dict.fromkeys(fingerprints)}
    remove_leftovers([run for past in found.values() for run in past], locks.folder)
    known = {key: prior_runs(past, locks.folder_id) for key, past in found.items()}
    return {key: each for key, each in known.items() if each.trained or each.begun}


def remove_leftovers(past: Iterable[RunInfo], folder: Path) -> None:
    """Remove the checkpoints of FINISHED runs that were killed before they could do it."""
    for run in past:
        if run.finished:
            shutil.rmtree(folder / run.run_id, ignore_errors=True)


def recorded_score(run: RunInfo, config: Config) -> float:
    """Return what training the run returned: the monitored metric of the epoch it kept."""
    return kept_value(run, score_metric(config))


def close_abandoned(tracker: Tracker, locks: RunLocks) -> None:
    """Close as KILLED what is recorded as RUNNING, but has no process any more.

    These are runs and sweeps with their checkpoints in the folder of the locks: of others it
    cannot be told from here.
    """
    for run in tracker.running():
        if run.fingerprint and run.folder_id == locks.folder_id:
            with locks.try_hold(run.fingerprint) as free:
                if free:
                    tracker.close_if_running(run.run_id, LEFT_BEHIND)
                    log.info("run %s was RUNNING without a process: closed as KILLED", run.run_id)
