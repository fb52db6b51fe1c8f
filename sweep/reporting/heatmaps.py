"""The metric over each pair of parameters, as a grid of means."""

import itertools
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sweep.reporting.axes import Axis, drawn_values, metric_axis, parameter_axis
from sweep.results.aggregate import repeats
from sweep.results.importance import Importance
from sweep.results.results import Results
from sweep.results.values import are_finite, distinct_values, told_apart

MOST_PAIRS = 10
MOST_LEVELS = 10
PARTS = 6  # of an axis with more values than that


@dataclass(frozen=True)
class HeatMap:
    """The mean of a metric for each combination of two parameters' values.

    Attributes:
        x: the name of the parameter of the columns.
        y: the name of the parameter of the rows.
        x_labels: of the columns.
        y_labels: of the rows.
        means: row by row; NaN where there is no run.
        colours: the axis of the metric.
    """

    x: str
    y: str
    x_labels: tuple[str, ...]
    y_labels: tuple[str, ...]
    means: tuple[tuple[float, ...], ...]
    colours: Axis


def parameter_pairs(results: Results) -> list[tuple[str, str]]:
    """Return all pairs of parameters but seeds and folds, those of the most important first."""
    varying = [name for name in results.parameters if results.ranked[name].nunique() > 1]
    names = [name for name in varying if name not in repeats()]
    if isinstance(results.importance, Importance):
        names = [name for name in results.importance.parameters if name in names]
    return sorted(itertools.combinations(names, 2), key=lambda pair: sum(map(names.index, pair)))


def heat_map(results: Results, x: str, y: str) -> HeatMap:
    """Return the mean over all ranked runs for each combination of two parameters' values.

    Many different numbers are put together in equal parts of their axis; of many names there are
    those that most runs have.
    """
    runs = results.ranked
    x_levels, x_labels = _levels(x, drawn_values(runs[x]))
    y_levels, y_labels = _levels(y, drawn_values(runs[y]))
    table = pd.DataFrame({"y": y_levels, "x": x_levels, "value": list(runs[results.metric])})
    cells = table.groupby(["y", "x"])["value"]
    rows, columns = range(len(y_labels)), range(len(x_labels))
    means = cells.mean().unstack().reindex(index=rows, columns=columns).to_numpy()
    return HeatMap(
        x=x,
        y=y,
        x_labels=tuple(x_labels),
        y_labels=tuple(y_labels),
        means=tuple(tuple(map(float, row)) for row in means),
        colours=metric_axis(results.metric, means[np.isfinite(means)]),
    )


def _levels(parameter: str, values: "pd.Series[float]") -> tuple[list[int], list[str]]:
    """Return for each value the number of its level, -1 for none, and the levels' labels."""
    distinct = distinct_values(values)
    if len(distinct) > MOST_LEVELS and are_finite(distinct):
        axis = parameter_axis(parameter, distinct)
        parts: dict[int, list[float]] = {}
        for value in distinct:
            parts.setdefault(int(axis.fraction(axis.place(value)) * PARTS), []).append(value)
        level = {value: number for number, part in enumerate(parts.values()) for value in part}
        labels = [f"{part[0]:.2g} – {part[-1]:.2g}" for part in parts.values()]
    else:
        if len(distinct) > MOST_LEVELS:
            distinct = distinct_values(values.value_counts().index[:MOST_LEVELS])
        level = {value: number for number, value in enumerate(distinct)}
        labels = told_apart(distinct)
    return [level.get(value, -1) for value in values], labels
