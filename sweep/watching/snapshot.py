"""What the record says of a sweep at one moment, and which sweep is meant."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from sweep.config.metrics import SPLITS
from sweep.errors import UserError
from sweep.results.runs import RecordedRuns, runs_of_table
from sweep.runs.alive import is_at_work
from sweep.runs.asking import why_not_steered
from sweep.tracking import (
    FINGERPRINT,
    FOLDER,
    About,
    Planned,
    existing,
    find_sweep_id,
    newest_sweep_id,
    read_about,
    read_histories,
    read_planned,
    read_runs_so_far,
)
from sweep.tracking.reader import EPOCH_SECONDS
from sweep.uris import redacted

MOST_TRAINING = 30  # runs whose curves are shown while they train


@dataclass(frozen=True)
class Snapshot:
    """A sweep as it is recorded at one moment.

    Attributes:
        uri: of the record.
        about: its name, its status, when it began and ended.
        is_at_work: whether a process works on it; None if that cannot be told from here.
        not_steered: why nothing can be asked of it; None if it can.
        planned: what it is about to train; None where that is not recorded.
        table: its runs, as :func:`sweep.tracking.read_runs` has them; there may be none.
        runs: the same, to be ranked; None if there are none.
        curves: of the first of those that train: ``run_id``, ``epoch``, and the metrics.
    """

    uri: str
    about: About
    is_at_work: bool | None
    not_steered: str | None
    planned: Planned | None
    table: pd.DataFrame
    runs: RecordedRuns | None
    curves: pd.DataFrame


def find_watched(uri: str | None, given: str | None, experiment: str | None) -> About:
    """Return the sweep that is meant.

    Args:
        uri: of the record; None for the default one.
        given: its id, the beginning of it, or its name; None for the newest.
        experiment: that it is in; None for any.

    Raises:
        UserError: there is no such record, experiment or sweep; or several may be meant.
    """
    uri = existing(uri)
    if given is None:
        where = redacted(uri) if experiment is None else f"{experiment} of {redacted(uri)}"
        if (newest := newest_sweep_id(uri, experiment)) is None:
            raise UserError(f"no sweep is recorded in {where} yet; --multirun begins one")
        return read_about(uri, newest)
    about = read_about(uri, find_sweep_id(uri, given))
    if not about.is_sweep:
        raise UserError(f"{given} is a run; allowed is a sweep: `sweep list` shows them")
    if experiment not in (None, about.experiment):
        raise UserError(
            f"--experiment {experiment}: {about.name} ({about.run_id}) is in experiment "
            f"{about.experiment}"
        )
    return about


def read_snapshot(uri: str, sweep_id: str, checkpoints: Path) -> Snapshot:
    """Return what is recorded of a sweep now.

    Args:
        uri: of the record.
        sweep_id: of its parent run.
        checkpoints: the folder in which it can be seen whether it is still at work.

    Raises:
        UserError: the record cannot be read, or the sweep is not there any more.
    """
    about, at_work = _about(uri, sweep_id, checkpoints)
    table = read_runs_so_far(uri, about.experiment, sweep_id)
    runs = None if table.empty else runs_of_table(table, uri, about.experiment, sweep_id)
    training = list(table[table["status"] == "RUNNING"]["run_id"]) if len(table) else []
    return Snapshot(
        uri=uri,
        about=about,
        is_at_work=at_work,
        not_steered=why_not_steered(about, at_work, checkpoints),
        planned=read_planned(uri, sweep_id),
        table=table,
        runs=runs,
        curves=read_histories(uri, training[:MOST_TRAINING], _measured(table)),
    )


def _about(uri: str, sweep_id: str, checkpoints: Path) -> tuple[About, bool | None]:
    """Return what is recorded of a sweep itself, and whether it is at work; as in a snapshot."""
    about = read_about(uri, sweep_id)
    at_work = is_at_work(checkpoints, about.tags.get(FOLDER), about.tags.get(FINGERPRINT))
    if at_work is False and about.status == "RUNNING":
        # A sweep closes its record before it lets go of its lock: it may have done both since.
        about = read_about(uri, sweep_id)
    return about, at_work


def _measured(table: pd.DataFrame) -> Sequence[str]:
    """Return the metrics that may have curves."""
    names = [str(each).removeprefix("metrics.") for each in table if str(each)[:8] == "metrics."]
    wanted = [each for each in names if each.partition("/")[0] in SPLITS]
    return [*wanted, EPOCH_SECONDS]
