"""What the page shows of a sweep: plain values that can be written as JSON."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from sweep.errors import UserError
from sweep.results.cells import ranked_cells, ties_in_words
from sweep.results.leaderboard import rank_configurations
from sweep.results.overview import counts
from sweep.results.runs import RecordedRuns
from sweep.tracking import FAILURE
from sweep.tracking.reader import EPOCH_SECONDS
from sweep.watching.doing import PAUSED, Doing, doing, epochs_in, is_over, state_of
from sweep.watching.snapshot import MOST_TRAINING, Snapshot
from sweep.watching.time_left import Pace, seconds_left

MOST_ROWS = 20  # of the leaderboard
MOST_NAMES = 5  # of runs that failed for one reason
MOST_QUEUED = 300  # names of runs, one of which is to start next, say
SHORT = 8  # digits of a run's id
NO_REASON = "no reason is recorded"
Json = dict[str, Any]


def shown(snapshot: Snapshot) -> Json:
    """Return what the page shows of a sweep.

    Keys: ``sweep`` (``id``, ``name``, ``experiment``, ``state``, ``started_ms``, ``ended_ms``),
    ``is_over``, ``in_all``, ``counts`` (pairs of a state and how many runs are in it),
    ``seconds_left``, ``metric``, ``training``, ``queued``, ``leaderboard``, ``failures``,
    ``not_steered`` (why nothing can be asked of it; null if it can). Numbers that are not finite
    are null.
    """
    about, state, ended = snapshot.about, state_of(snapshot), is_over(snapshot)
    runs = doing(snapshot)
    metric = snapshot.runs.usual_metric if snapshot.runs else None
    begun = len(runs.training) + len(runs.ended)
    return {
        "sweep": {
            "id": about.run_id,
            "name": about.name,
            "experiment": about.experiment,
            "state": state,
            "started_ms": about.start_ms,
            "ended_ms": about.end_ms,
        },
        "is_over": ended,
        "in_all": begun + runs.waiting,
        "counts": _counts(runs, ended),
        "seconds_left": None if ended or state == PAUSED else _finite(_left(snapshot, runs)),
        "metric": metric,
        "training": [] if ended else _training(snapshot, runs.training, metric),
        "training_more": 0 if ended else max(0, len(runs.training) - MOST_TRAINING),
        "queued": _some([each.name for each in runs.queued], runs.waiting, MOST_QUEUED),
        "leaderboard": _leaderboard(snapshot.runs, metric),
        "failures": _failures(runs.ended),
        "not_steered": snapshot.not_steered,
    }


def _counts(runs: Doing, ended: bool) -> list[tuple[str, int]]:
    found = counts([*runs.ended["status"], *runs.training["status"]])
    if ended and "running" in found:  # nobody works on them any more
        found["left open"] = found.pop("running")
    if runs.waiting:
        found["not begun" if ended else "queued"] = runs.waiting
    return list(found.items())


def _left(snapshot: Snapshot, runs: Doing) -> float | None:
    planned = snapshot.planned.runs if snapshot.planned else ()
    costs = {each.fingerprint: each.cost for each in planned}
    last = _last_epochs(snapshot)
    ended = [_pace(row, costs, 0) for row in _rows(runs.ended) if row["status"] == "FINISHED"]
    training = [_pace(row, costs, None, last) for row in _rows(runs.training)]
    queued = [*(each.cost for each in runs.queued), *[None] * runs.queued_unnamed]
    return seconds_left(ended, training, queued)


def _pace(
    row: Mapping[str, Any],
    costs: Mapping[str, float],
    left: int | None,
    last: Mapping[str, int] | None = None,
) -> Pace:
    epochs = epochs_in(row, "params.epochs") or 1
    took = _finite(row.get(f"metrics.{EPOCH_SECONDS}"))
    done = (last or {}).get(row["run_id"], 0)
    return Pace(
        epochs=epochs,
        epochs_left=max(0, epochs - done) if left is None else left,
        epoch_seconds=took,
        cost=costs.get(row["tags.fingerprint"]),
    )


def _training(snapshot: Snapshot, training: pd.DataFrame, metric: str | None) -> list[Json]:
    last = _last_epochs(snapshot)
    shown_runs = []
    for row in _rows(training.head(MOST_TRAINING)):
        epochs, done = epochs_in(row, "params.epochs"), last.get(row["run_id"], 0)
        took = _finite(row.get(f"metrics.{EPOCH_SECONDS}"))
        left = took * max(0, epochs - done) if took is not None and epochs else None
        shown_runs.append(
            {
                "id": row["run_id"],
                "name": row["run"],
                "epoch": done,
                "epochs": epochs,
                "epoch_seconds": took,
                "seconds_left": left,
                "curves": _curves(snapshot.curves, row["run_id"], metric),
            }
        )
    return shown_runs


def _curves(curves: pd.DataFrame, run_id: str, metric: str | None) -> list[Json]:
    """Return what a run is judged by, and the same of training: the loss where nothing else is."""
    own = curves[curves["run_id"] == run_id]
    measured = [str(each) for each in own.dropna(axis=1, how="all") if "/" in str(each)]
    kind = (metric or "loss").partition("/")[2]
    wanted = [each for each in (metric, f"train/{kind}") if each in measured]
    wanted = wanted or [each for each in ("val/loss", "train/loss") if each in measured]
    found = []
    for name in dict.fromkeys(wanted):
        points = own[["epoch", name]].dropna()
        values = [
            [int(epoch), _finite(value)]
            for epoch, value in points.itertuples(index=False)
            if _finite(value) is not None
        ]
        found.append({"name": name, "points": values})
    return found


def _leaderboard(runs: RecordedRuns | None, metric: str | None) -> Json | None:
    """Return the rows that have a rank; None if there are none yet."""
    if runs is None or metric is None:
        return None
    try:
        table = rank_configurations(runs, metric, None)
    except UserError:  # what is finished has not measured it, or neither end of it is better
        return None
    ranked = table[table["rank"].notna()]
    if ranked.empty:
        return None
    rows = ranked.head(MOST_ROWS)
    rows.attrs = table.attrs
    cells = ranked_cells(rows, metric)
    if rows["dataset.name"].nunique() < 2:
        cells.pop("dataset.name", None)
    cells["run"] = [str(each)[:SHORT] for each in rows["run_id"]]
    numbers = {name: pd.api.types.is_numeric_dtype(rows[name]) for name in cells if name in rows}
    return {
        "columns": [[name, numbers.get(name, False)] for name in cells],
        "rows": [list(each) for each in zip(*cells.values(), strict=True)],
        "more": len(ranked) - len(rows),
        "ties": ties_in_words(rows) if "tied" in rows and rows["tied"].any() else None,
    }


def _failures(ended: pd.DataFrame) -> list[Json]:
    """Return why runs failed or were killed, the most frequent reason first."""
    bad = ended[ended["status"].isin(["FAILED", "KILLED"])]
    if bad.empty:
        return []
    column = f"tags.{FAILURE}"
    reasons = bad[column] if column in bad else pd.Series(None, bad.index, dtype=object)
    found = [
        {
            "state": str(status).lower(),
            "reason": str(reason),
            **_some([str(each) for each in those["run"]], len(those), MOST_NAMES),
        }
        for (status, reason), those in bad.groupby([bad["status"], reasons.fillna(NO_REASON)])
    ]
    return sorted(found, key=lambda each: -(len(each["names"]) + each["more"]))


def _some(names: Sequence[str], in_all: int, most: int) -> Json:
    shown_names = [*names[:most]]
    return {"names": shown_names, "more": in_all - len(shown_names)}


def _last_epochs(snapshot: Snapshot) -> dict[str, int]:
    """Return the last epoch of each run that trains, by its id."""
    found = snapshot.curves.groupby("run_id")["epoch"].max()
    return {str(run_id): int(epoch) for run_id, epoch in found.items()}


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(key): value for key, value in row.items()}
        for row in table.reindex(columns=[*dict.fromkeys([*table, "tags.fingerprint"])]).to_dict(
            "records"
        )
    ]


def _finite(value: Any) -> float | None:
    """Return a number as JSON can have it; None for what is none."""
    if not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
