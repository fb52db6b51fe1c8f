"""How a combination stands in the record: trained, begun, or new."""

import logging
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sweep.config.params import score_metric
from sweep.config.schema import Config
from sweep.runs.locks import Claims
from sweep.tracking import PastRun, Tracker, kept_value

LEFT_BEHIND = "its process ended without closing it"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Standing:
    """What is recorded of a combination.

    Attributes:
        trained: the newest run that is FINISHED.
        begun: the newest run that is not, and has its checkpoints here.
    """

    trained: PastRun | None
    begun: PastRun | None


def standing(past: Sequence[PastRun], folder_id: str) -> Standing:
    """Return how a combination stands.

    Args:
        past: its runs, the newest first.
        folder_id: of the folder with checkpoints.
    """
    trained = [run for run in past if run.finished]
    begun = [run for run in past if not run.finished and run.folder_id == folder_id]
    return Standing(next(iter(trained), None), next(iter(begun), None))


def standings(fingerprints: Iterable[str], tracker: Tracker, claims: Claims) -> dict[str, Standing]:
    """Return how each combination stands, but the new ones."""
    found = {key: tracker.past_runs(key) for key in dict.fromkeys(fingerprints)}
    remove_leftovers([run for past in found.values() for run in past], claims.folder)
    known = {key: standing(past, claims.folder_id) for key, past in found.items()}
    return {key: each for key, each in known.items() if each.trained or each.begun}


def remove_leftovers(past: Iterable[PastRun], folder: Path) -> None:
    """Remove the checkpoints of FINISHED runs that were killed before they could do it."""
    for run in past:
        if run.finished:
            shutil.rmtree(folder / run.run_id, ignore_errors=True)


def recorded_score(run: PastRun, config: Config) -> float:
    """Return what training the run returned: the monitored metric of the epoch it kept."""
    return kept_value(run, score_metric(config))


def close_abandoned(tracker: Tracker, claims: Claims) -> None:
    """Close as KILLED what is recorded as RUNNING, but has no process any more.

    These are runs and sweeps with their checkpoints in the folder of the claims: of others it
    cannot be told from here.
    """
    for run in tracker.running():
        if run.fingerprint and run.folder_id == claims.folder_id:
            with claims.try_claim(run.fingerprint) as free:
                if free:
                    tracker.close_if_running(run.run_id, LEFT_BEHIND)
                    log.info("run %s was RUNNING without a process: closed as KILLED", run.run_id)
