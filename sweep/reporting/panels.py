"""What the figures of a report show, apart from how it is drawn: plain numbers and names.

Those of times are in :mod:`sweep.reporting.time_panels`.
"""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from sweep.config.metrics import LEARNING_RATE, Direction
from sweep.reporting.axes import (
    Axis,
    drawn_values,
    epoch_axis,
    linear_axis,
    metric_axis,
    parameter_axis,
)
from sweep.results.results import Results, evenly

MOST_VERTICES = 12_000  # of all lines of a panel
MOST_MARKS = 1000  # of a panel
BINS = 8
FEW_VALUES = 12  # of a parameter, to have a mean of its own


@dataclass(frozen=True)
class Line:
    """What one run measured, epoch by epoch.

    Attributes:
        run_id: of the run.
        epochs: from 1.
        values: of each epoch.
        is_ranked: whether the run ended well.
    """

    run_id: str
    epochs: tuple[int, ...]
    values: tuple[float, ...]
    is_ranked: bool


@dataclass(frozen=True)
class LinePanel:
    """Lines of runs, the best run's last."""

    x: Axis
    y: Axis
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Point:
    """One run in a scatter plot."""

    run_id: str
    x: float
    y: float


@dataclass(frozen=True)
class PointPanel:
    """Points of runs, the best run's last; of very many, some of all ranks."""

    x: Axis
    y: Axis
    points: tuple[Point, ...]


@dataclass(frozen=True)
class ParameterPanel:
    """The final metric against a parameter.

    Attributes:
        x: the parameter.
        y: the metric.
        points: of the ranked runs; x is a place on the axis.
        means: of the runs at a place, or around it where there are many different values.
        failed: the places of runs that have no rank.
    """

    x: Axis
    y: Axis
    points: tuple[Point, ...]
    means: tuple[tuple[float, float], ...]
    failed: tuple[float, ...]


def curve_panels(results: Results) -> list[LinePanel]:
    """Return a panel for each loss and accuracy, and for a learning rate that changed.

    The ranked quantity comes first, and training after validation.
    """
    quantity = results.metric.rpartition("/")[2]
    measured = {name.partition("/")[2] for name in map(str, results.curves) if "/" in name}
    quantities = sorted(measured, key=lambda name: (name != quantity, name))
    names = [f"{split}/{each}" for each in quantities for split in ("val", "train", "test")]
    if results.metric not in names:
        names.insert(0, results.metric)
    names.append(LEARNING_RATE)
    epochs = results.curves.groupby("run_id").count().max()  # with a value, of the longest run
    return [
        _line_panel(results, results.curves[name], partial(metric_axis, name))
        for name in names
        if epochs.get(name, 0) > name.startswith("test/")  # once on the test set is no curve
    ]


def gap_panel(results: Results) -> LinePanel | None:
    """Return how much better runs do in training than in validation; None if that is not known."""
    compared = _compared(results)
    if compared is None:
        return None
    names, direction = compared
    higher, lower = names if direction == "max" else names[::-1]
    gap = results.curves[higher] - results.curves[lower]
    return _line_panel(results, gap, partial(linear_axis, f"{higher} − {lower}"))


def train_val_panel(results: Results) -> PointPanel | None:
    """Return validation against training, both of the kept epoch, on equal axes."""
    compared = _compared(results)
    if compared is None:
        return None
    names, _ = compared
    found = results.ranked.dropna(subset=names)
    both = metric_axis(names[0], found[names].to_numpy().ravel())
    axes = [Axis(name, both.scale, both.limits, both.ticks) for name in names]
    return PointPanel(axes[0], axes[1], points_of(found, found[names[0]], found[names[1]]))


def parameter_panel(results: Results, parameter: str) -> ParameterPanel:
    """Return the final metric of each run against one of its parameters."""
    drawn = drawn_values(results.runs[parameter]).dropna()
    runs = results.runs.loc[drawn.index]
    x = parameter_axis(parameter, list(drawn))
    places = pd.Series([x.place(value) for value in drawn], runs.index, dtype="float64")
    is_ranked = runs["rank"].notna()
    ranked, failed = places[is_ranked], places[~is_ranked]
    values = runs[results.metric][is_ranked]
    return ParameterPanel(
        x,
        metric_axis(results.metric, values),
        points_of(runs[is_ranked], ranked, values),
        _means(x, ranked, values),
        tuple(map(float, evenly(list(failed), MOST_MARKS))),
    )


def _line_panel(
    results: Results, values: "pd.Series[float]", axis: Callable[[Iterable[float]], Axis]
) -> LinePanel:
    """Return the lines of all runs. The axis is that of the runs that have ended well."""
    table = results.curves[["run_id", "epoch"]].assign(value=values).dropna()
    table = table[np.isfinite(table["value"])]
    groups = dict(iter(table.groupby("run_id", sort=False)))
    ranked = set(results.ranked["run_id"])
    most = MOST_VERTICES // max(len(groups), 1)
    lines = tuple(
        _line(groups[run_id], most, run_id in ranked)
        for run_id in results.runs["run_id"][::-1]
        if run_id in groups
    )
    shown = [line for line in lines if line.is_ranked] or lines
    last = max((line.epochs[-1] for line in lines), default=1)
    y = axis(itertools.chain.from_iterable(line.values for line in shown))
    return LinePanel(epoch_axis(last), y, lines)


def _line(rows: pd.DataFrame, most: int, is_ranked: bool) -> Line:
    """Return a run's line, with this many points at most, the first and the last among them."""
    if len(rows) > most:
        rows = rows.iloc[np.linspace(0, len(rows) - 1, max(most, 2)).round()]
    epochs, values = map(int, rows["epoch"]), map(float, rows["value"])
    return Line(str(rows["run_id"].iloc[0]), tuple(epochs), tuple(values), is_ranked)


def _compared(results: Results) -> tuple[list[str], Direction] | None:
    """Return a quantity's names in training and in validation, and which end of it is better."""
    quantity = results.metric.rpartition("/")[2]
    known: list[tuple[str, Direction]] = [(quantity, results.direction), ("accuracy", "max")]
    for each, direction in known:
        names = [f"train/{each}", f"val/{each}"]
        if all(name in results.curves and name in results.runs for name in names):
            return names, direction
    return None


def points_of(runs: pd.DataFrame, x: Iterable[float], y: Iterable[float]) -> tuple[Point, ...]:
    """Return the points of runs, the best run's last; of very many, of some of all ranks."""
    rows = evenly(list(zip(runs["run_id"], x, y, strict=True)), MOST_MARKS)
    return tuple(Point(run_id, float(one), float(other)) for run_id, one, other in rows[::-1])


def _means(
    x: Axis, places: "pd.Series[float]", values: "pd.Series[float]"
) -> tuple[tuple[float, float], ...]:
    """Return mean values: at each place, or in equal parts of the axis if the places are many."""
    different = places.nunique()
    if different == len(places) <= FEW_VALUES:  # they would be the runs themselves
        return ()
    bins = places.map(lambda place: min(int(x.fraction(place) * BINS), BINS - 1))
    part = places if different <= FEW_VALUES else bins
    table = pd.DataFrame({"part": part, "x": places, "y": values})
    means = table.groupby("part").agg({"x": "median", "y": "mean"})
    return tuple((float(place), float(mean)) for place, mean in means.to_numpy())
