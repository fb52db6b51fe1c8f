"""How a combination stands in the record: trained, begun, or new."""

import logging
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from sweep.config.params import score_metric
from sweep.config.schema import Config
from sweep.runs.control_files import remove_folder
from sweep.runs.locks import RunLocks
from sweep.tracking import FoundRun, RunInfo, Tracker, kept_value

LEFT_BEHIND = "its process ended without closing it"

AnyRun = TypeVar("AnyRun", RunInfo, FoundRun)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PriorRuns(Generic[AnyRun]):
    """What is recorded of a combination.

    Attributes:
        trained: the newest run that is FINISHED.
        begun: the newest run that is not, and has its checkpoints here.
    """

    trained: AnyRun | None
    begun: AnyRun | None


def counting(past: Sequence[RunInfo], config: Config, sweep_id: str | None) -> Sequence[RunInfo]:
    """Return those of a combination's runs that count: with ``rerun``, none but the sweep's own.

    These may be there already, begun or trained.

    Args:
        past: all of them.
        config: of the run.
        sweep_id: of its sweep; None for a single run.
    """
    if not config.rerun:
        return past
    return [each for each in past if sweep_id and each.sweep_id == sweep_id]


def prior_runs(past: Sequence[AnyRun], folder_id: str | None) -> PriorRuns[AnyRun]:
    """Return how a combination stands.

    Args:
        past: its runs, the newest first.
        folder_id: of the folder with checkpoints; None if there is none yet.
    """
    trained = [run for run in past if run.finished]
    here = [run for run in past if folder_id and run.folder_id == folder_id]
    begun = [run for run in here if not run.finished]
    return PriorRuns(next(iter(trained), None), next(iter(begun), None))


def all_prior_runs(
    fingerprints: Iterable[str], tracker: Tracker, locks: RunLocks
) -> dict[str, PriorRuns[FoundRun]]:
    """Return how each combination stands, but the new ones."""
    found = tracker.find_all(list(dict.fromkeys(fingerprints)))
    remove_leftovers([run for past in found.values() for run in past], locks.folder)
    return standing(found, locks.folder_id)


def standing(
    found: Mapping[str, Sequence[FoundRun]], folder_id: str | None
) -> dict[str, PriorRuns[FoundRun]]:
    """Return how each combination stands, but the new ones.

    Args:
        found: the runs of each, the newest first.
        folder_id: of the folder with checkpoints; None if there is none yet.
    """
    known = {key: prior_runs(past, folder_id) for key, past in found.items()}
    return {key: each for key, each in known.items() if each.trained or each.begun}


def remove_leftovers(past: Iterable[RunInfo | FoundRun], folder: Path) -> None:
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
                    remove_folder(locks.folder, run.run_id)
                    log.info("run %s was RUNNING without a process: closed as KILLED", run.run_id)
