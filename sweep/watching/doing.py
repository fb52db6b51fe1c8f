"""What a sweep and its runs do at one moment: which of them train, have ended, and wait."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from sweep.tracking import PAUSED_AFTER, SWEEP_PAUSED, Planned, PlannedRun
from sweep.watching.snapshot import Snapshot

GONE = "gone"  # the state of a sweep that is recorded as running, and has no process
PAUSED = "paused"  # of one that starts nothing until it is told to
GOES_ON = ("running", PAUSED)
COLUMNS = ("run_id", "run", "status", "tags.fingerprint")


@dataclass(frozen=True)
class Doing:
    """The runs of a snapshot, by what they do.

    Attributes:
        training: rows of the table.
        ended: rows of those that are not trained on.
        queued: those that have not begun, and those that are trained on; of what was paused, the
            cost is that of the epochs that are left.
        queued_unnamed: how many there are besides that have no name yet.
    """

    training: pd.DataFrame
    ended: pd.DataFrame
    queued: Sequence[PlannedRun]
    queued_unnamed: int

    @property
    def waiting(self) -> int:
        """How many runs wait."""
        return len(self.queued) + self.queued_unnamed


def state_of(snapshot: Snapshot) -> str:
    """Return what a sweep does: ``running``, ``paused``, or how it has ended.

    That is ``finished``, ``failed``, ``killed``, or ``gone``.
    """
    status = snapshot.about.status.lower()
    if status != "running":
        return status
    if snapshot.is_at_work is False:
        return GONE
    return PAUSED if SWEEP_PAUSED in snapshot.about.tags else status


def is_over(snapshot: Snapshot) -> bool:
    """Return whether nobody works on a sweep any more."""
    return state_of(snapshot) not in GOES_ON


def doing(snapshot: Snapshot) -> Doing:
    """Return what the runs of a sweep do."""
    table, planned = snapshot.table, snapshot.planned
    if table.empty:
        table = pd.DataFrame(columns=[*COLUMNS])
    is_training = table["status"] == "RUNNING"
    if planned is None:
        return Doing(table[is_training], table[~is_training], (), 0)
    is_left = _is_left(table, planned)
    if is_over(snapshot):
        is_left &= False
    prints = table["tags.fingerprint"]
    begun = {*prints[~is_left]}
    left = {row["tags.fingerprint"]: row for row in table[is_left].to_dict("records")}
    queued = [
        replace(each, cost=each.cost * _share_left(left.get(each.fingerprint, {})))
        for each in planned.runs
        if each.fingerprint not in begun
    ]
    named = len(queued) + int((~is_left).sum())
    return Doing(
        training=table[is_training],
        ended=table[~is_training & ~is_left],
        queued=queued,
        queued_unnamed=0 if planned.runs else max(0, planned.in_all - named),
    )


def _is_left(table: pd.DataFrame, planned: Planned) -> "pd.Series[bool]":
    """Return which runs are trained on, though they train at no process now."""
    waiting = {each.fingerprint for each in planned.runs}
    is_left = table["tags.fingerprint"].isin(waiting)
    is_left &= ~table["status"].isin(["RUNNING", "FINISHED"])
    if not is_left.any():
        return is_left
    # What had ended when this was planned is trained on, as is what is paused; all else is over.
    ends = table["start_time"] + pd.to_timedelta(table["duration_seconds"], unit="s")
    had_ended = ends < pd.Timestamp(planned.at_ms, unit="ms", tz="UTC")
    return is_left & (had_ended | (table["status"] == "PAUSED"))


def _share_left(row: Mapping[Any, Any]) -> float:
    """Return how much of a run is left, by the epoch after which it was paused."""
    if row.get("status") != "PAUSED":
        return 1.0
    done, epochs = (epochs_in(row, key) for key in (f"tags.{PAUSED_AFTER}", "params.epochs"))
    return max(0.0, 1 - done / epochs) if done and epochs else 1.0


def epochs_in(row: Mapping[Any, Any], key: str) -> int | None:
    """Return a number of epochs that is recorded as a text; None if it is none."""
    text = str(row.get(key))
    return int(text) if text.isdecimal() else None
