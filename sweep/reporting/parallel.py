"""Parallel coordinates: each run as a line through all its parameters to the metric."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from sweep.reporting.axes import Axis, drawn_values, metric_axis, parameter_axis
from sweep.reporting.drawing import FEW, MANY, WIDE, Look, new_figure, round_ticks, shortened
from sweep.reporting.palette import STEPS
from sweep.results.importance import Importance
from sweep.results.results import Results, evenly

MOST_LINES = 1000
MOST_AXES = 9  # of parameters
MISSING = -0.09  # where a run without a parameter crosses its axis, below the axis's begin
HIGH = 3.8  # inches


@dataclass(frozen=True)
class Crossing:
    """A run's line.

    Attributes:
        run_id: of the run.
        places: on each axis, the metric's last: 0 at its begin, 1 at its end.
    """

    run_id: str
    places: tuple[float, ...]


@dataclass(frozen=True)
class ParallelPanel:
    """Parallel axes, and the lines that cross them, the best run's last.

    Attributes:
        axes: of the parameters.
        metric: the last axis.
        lines: of the ranked runs; of very many, of some of all ranks.
        runs: how many ranked runs there are.
        left_out: the parameters that there is no room for.
    """

    axes: tuple[Axis, ...]
    metric: Axis
    lines: tuple[Crossing, ...]
    runs: int
    left_out: tuple[str, ...]


def parallel_panel(results: Results) -> ParallelPanel | None:
    """Return the runs' lines; None with a single parameter, which has a figure of its own."""
    metric, ranked = results.metric, results.ranked
    ranked = ranked[np.isfinite(ranked[metric].astype(float))]
    varying = [name for name in results.parameters if ranked[name].nunique(dropna=False) > 1]
    if len(varying) < 2:
        return None
    shown = _most_important(varying, results)
    ranked = ranked.assign(**{name: drawn_values(ranked[name]) for name in shown})
    axes = tuple(parameter_axis(name, list(ranked[name].dropna())) for name in shown)
    last = metric_axis(metric, ranked[metric])
    lines = [
        Crossing(
            str(row["run_id"]),
            (*map(_place, axes, (row[name] for name in shown)), last.fraction(row[metric])),
        )
        for row in evenly(ranked.to_dict("records"), MOST_LINES)
    ]
    left_out = tuple(name for name in varying if name not in shown)
    return ParallelPanel(axes, last, tuple(lines[::-1]), len(ranked), left_out)


def _most_important(names: Sequence[str], results: Results) -> list[str]:
    """Return as many of the parameters as there is room for, in their own order."""
    if isinstance(results.importance, Importance):
        known = results.importance.parameters
        order = sorted(names, key=lambda name: known.index(name) if name in known else len(known))
    else:
        order = list(names)
    return [name for name in names if name in order[:MOST_AXES]]


def _place(axis: Axis, value: Any) -> float:
    return MISSING if pd.isna(value) else axis.fraction(axis.place(value))


def parallel_figure(panel: ParallelPanel, look: Look) -> Figure:
    """Return the figure: a line's colour is that of its place on the metric's axis."""
    figure = new_figure(WIDE, HIGH)
    axes = figure.add_subplot()
    axes.set_axis_off()
    lacks = any(MISSING in line.places for line in panel.lines)
    axes.set_xlim(-0.35, len(panel.axes) + 0.1)
    axes.set_ylim(MISSING - 0.03 if lacks else -0.03, 1.12)
    _draw_crossings(axes, panel, look)
    for place, axis in enumerate((*panel.axes, panel.metric)):
        _draw_axis(axes, place, axis, look)
        if any(line.places[place] == MISSING for line in panel.lines):
            _draw_tick(axes, place, MISSING, "none", look)
    _draw_colours(axes, len(panel.axes), look)
    return figure


def _draw_colours(axes: Axes, place: int, look: Look) -> None:
    """Draw the colours of the metric along its axis."""
    heights, steps = np.arange(STEPS) / STEPS, look.palette.steps
    bars = axes.bar(place + 0.02, 1 / STEPS, 0.05, heights, color=steps, edgecolor=steps, lw=0.5)
    for bar in bars:
        bar.set_clip_on(False)


def _draw_crossings(axes: Axes, panel: ParallelPanel, look: Look) -> None:
    ids = [line.run_id for line in panel.lines]
    few, many = len(ids) <= FEW, len(ids) > MANY
    width, alpha = (1.7, 1.0) if few else (0.8, 0.6) if many else (1.2, 0.9)
    places = range(len(panel.axes) + 1)
    lines = LineCollection(
        [np.column_stack([places, line.places]) for line in panel.lines],
        colors=[look.palette.step(line.places[-1]) for line in panel.lines],
        linewidths=[*[width] * (len(ids) - 1), 3.0],
        alpha=[*[alpha] * (len(ids) - 1), 1.0],
        urls=look.links(ids),
        capstyle="round",
        clip_on=False,
    )
    axes.add_collection(lines, autolim=False)


def _draw_axis(axes: Axes, place: int, axis: Axis, look: Look) -> None:
    """Draw an axis where it stands, with its name on top and its ticks at its left."""
    palette = look.palette
    axes.plot([place, place], [0, 1], color=palette.muted, linewidth=1)
    title = f"{axis.label}, errors on a log scale" if axis.scale == "error" else axis.label
    # The last one's is long, and ends where the figure does.
    side = "right" if place and "," in title else "center"
    axes.text(place, 1.05, title, ha=side, va="bottom", color=palette.muted)
    for value, text in axis.ticks or round_ticks(axis):
        _draw_tick(axes, place, axis.fraction(value), shortened(text), look)


def _draw_tick(axes: Axes, place: int, height: float, text: str, look: Look) -> None:
    palette = look.palette
    axes.plot([place - 0.012, place], [height, height], color=palette.muted, linewidth=1)
    axes.text(place - 0.02, height, text, ha="right", va="center", color=palette.ink)
