"""How two sweeps differ: their runs matched by fingerprint, which says what identifies a result."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sweep.results.differences import partings
from sweep.results.runs import recorded_runs
from sweep.tracking import Curves, Details, read_histories


@dataclass(frozen=True)
class Pair:
    """A run that both sweeps have.

    Attributes:
        name: of it.
        first: the metric's value in the first sweep; None if it was not measured.
        second: that in the second.
        is_one: whether it is one run, trained once.
        parted: where the curves part first: the epoch, and the metrics that do so in it; None if
            they are the same to the last bit.
    """

    name: str
    first: float | None
    second: float | None
    is_one: bool
    parted: tuple[int, Sequence[str]] | None


@dataclass(frozen=True)
class SweepDifference:
    """How two sweeps differ.

    Attributes:
        metric: whose values are side by side.
        pairs: the runs that both have.
        only_first: the names of those that the second has not.
        only_second: the names of those that the first has not.
    """

    metric: str
    pairs: Sequence[Pair]
    only_first: Sequence[str]
    only_second: Sequence[str]


def sweep_difference(first: Details, second: Details) -> SweepDifference:
    """Return how two sweeps of one record differ.

    Raises:
        UserError: one of them has no runs, or the record cannot be read.
    """
    both = [recorded_runs(each.uri, each.experiment, each.info.run_id) for each in (first, second)]
    metric = both[0].usual_metric
    one, other = (_by_fingerprint(runs.ends, runs.metrics.get(metric)) for runs in both)
    shared = [key for key in one.index if key in other.index]
    again = [key for key in shared if one["run_id"][key] != other["run_id"][key]]
    ids = [run["run_id"][key] for key in again for run in (one, other)]
    measured = [str(name) for name in both[0].metrics]
    curves = _curves(read_histories(first.uri, ids, measured))
    pairs = []
    for key in shared:
        ours, theirs = one.loc[key], other.loc[key]
        parted = _parted(curves.get(ours["run_id"], {}), curves.get(theirs["run_id"], {}))
        pairs.append(
            Pair(
                name=str(ours["run"]),
                first=_value(ours["value"]),
                second=_value(theirs["value"]),
                is_one=key not in again,
                parted=parted,
            )
        )
    return SweepDifference(
        metric=metric,
        pairs=pairs,
        only_first=[str(one["run"][key]) for key in one.index if key not in other.index],
        only_second=[str(other["run"][key]) for key in other.index if key not in one.index],
    )


def _by_fingerprint(ends: pd.DataFrame, values: "pd.Series[float] | None") -> pd.DataFrame:
    """Return one run for each fingerprint, the newest that is FINISHED, or else the newest."""
    table = ends.assign(value=float("nan") if values is None else values)
    table = table.assign(finished=table["status"] == "FINISHED").dropna(subset=["fingerprint"])
    newest_last = table.sort_values(["finished", "start_time", "run_id"])
    return newest_last.drop_duplicates("fingerprint", keep="last").set_index("fingerprint")


def _curves(table: pd.DataFrame) -> dict[str, Curves]:
    """Return the curves of each run, by its id."""
    return {
        str(run_id): {
            str(name): {int(str(epoch)): float(value) for epoch, value in points.items()}
            for name in rows.columns.drop(["run_id", "epoch"])
            for points in [rows.set_index("epoch")[name].dropna().to_dict()]
        }
        for run_id, rows in table.groupby("run_id")
    }


def _parted(first: Curves, second: Curves) -> tuple[int, Sequence[str]] | None:
    found = [(each.first[0], each.metric) for each in partings(first, second) if each.first]
    if not found:
        return None
    epoch = min(found)[0]
    return epoch, [metric for where, metric in found if where == epoch]


def _value(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)
