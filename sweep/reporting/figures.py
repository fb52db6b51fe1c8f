"""The figures of a report, each drawn from its plain data."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from numpy.typing import NDArray

from sweep.reporting.axes import Axis, is_share
from sweep.reporting.colouring import UNCOLOURED
from sweep.reporting.drawing import (
    HALF,
    WIDE,
    Look,
    add_key,
    coordinates,
    draw_failures,
    draw_lines,
    draw_points,
    dress,
    new_figure,
)
from sweep.reporting.heatmaps import HeatMap
from sweep.reporting.palette import NUMBERS
from sweep.reporting.panels import LinePanel, ParameterPanel, PointPanel
from sweep.reporting.time_panels import BarPanel
from sweep.results.importance import Importance

CROWD = 5  # points at one place, from which on they are drawn beside each other
GOLDEN = 0.618034  # multiples of it spread evenly: https://en.wikipedia.org/wiki/Low-discrepancy_sequence


def curves_figure(panels: Sequence[LinePanel], look: Look) -> Figure:
    """Return the learning curves, two panels a row."""
    rows = (len(panels) + 1) // 2
    figure, places = _with_key(look, rows, 2, 3.1 * rows)
    for panel, axes in zip(panels, places, strict=False):
        _lines(axes, panel, look)
    for axes in places[len(panels) :]:
        axes.remove()
    return figure


def gap_figure(gap: LinePanel, both: PointPanel | None, look: Look) -> Figure:
    """Return the gap between training and validation, over the epochs and in the end."""
    figure, (left, right) = _with_key(look, 1, 2, 3.6)
    _lines(left, gap, look)
    left.axhline(0, color=look.palette.muted, linewidth=1)
    if both is None:
        right.remove()
        return figure
    low, high = both.x.limits
    ends = coordinates(both.x, (low, high))
    right.plot(ends, ends, color=look.palette.muted, linewidth=1, linestyle=(0, (4, 3)))
    _points(right, both, look)
    return figure


def time_figure(duration: PointPanel, throughput: BarPanel | None, look: Look) -> Figure:
    """Return what time bought, and when each run trained how fast."""
    figure, (left, right) = _with_key(look, 1, 2, 3.6)
    _points(left, duration, look)
    if throughput is None:
        right.remove()
        return figure
    dress(right, throughput.x, throughput.y, look.palette)
    spans = np.array([(bar.start, bar.end) for bar in throughput.bars])
    speeds = np.array([bar.images_per_second for bar in throughput.bars])
    ids = [bar.run_id for bar in throughput.bars]
    lines = [
        np.column_stack([span, [speed] * 2]) for span, speed in zip(spans, speeds, strict=True)
    ]
    draw_lines(right, lines, ids, look)
    draw_points(right, spans.mean(axis=1), speeds, ids, look)
    return figure


def parameter_figure(panel: ParameterPanel, look: Look) -> Figure:
    """Return the final metric against a parameter, with the mean; a cross for what failed."""
    palette, plain = look.palette, replace(look, colouring=UNCOLOURED)
    figure = new_figure(HALF, HALF * 0.65)
    axes = figure.add_subplot()
    dress(axes, panel.x, panel.y, palette)
    x = np.array([point.x for point in panel.points])
    ids = [point.run_id for point in panel.points]
    values = coordinates(panel.y, [point.y for point in panel.points])
    draw_points(axes, _beside_each_other(panel.x, x), values, ids, plain)
    means = np.array(panel.means).reshape(-1, 2)
    if len(means):
        height = coordinates(panel.y, means[:, 1])
        line = "none" if panel.x.scale == "category" else "solid"
        axes.plot(means[:, 0], height, "_", color=palette.ink, markersize=22, mew=2, zorder=4)
        axes.plot(means[:, 0], height, color=palette.ink, linestyle=line, linewidth=1, zorder=4)
    failed = _beside_each_other(panel.x, np.array(panel.failed))
    bottom = coordinates(panel.y, np.full(len(failed), panel.y.limits[0]))
    draw_failures(axes, failed, bottom, palette)
    return figure


def heat_map_figure(data: HeatMap, best: str, look: Look) -> Figure:
    """Return a heat map, whose brightest cells are the best.

    Args:
        data: what it shows.
        best: ``max`` or ``min``.
        look: of the figure.
    """
    palette = look.palette
    rows, columns = len(data.y_labels), len(data.x_labels)
    figure = new_figure(HALF, min(max(1.4 + 0.36 * rows, 2.4), 5.0))
    axes = figure.add_subplot()
    x, y = (
        Axis(name, "category", (-0.5, len(labels) - 0.5), tuple(enumerate(labels)))
        for name, labels in ((data.x, data.x_labels), ("", data.y_labels))
    )
    dress(axes, x, y, palette)
    axes.grid(False)
    axes.spines[:].set_visible(False)
    axes.set_ylabel(data.y, color=palette.muted)
    means = np.array(data.means)
    known = means[np.isfinite(means)]
    span = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    digits = ".4f" if is_share(data.colours.label, span) else ".3g"
    shades = np.full((rows, columns), np.nan)
    for place in np.argwhere(np.isfinite(means)):
        row, column = map(int, place)
        fraction = data.colours.fraction(means[row, column])
        shades[row, column] = fraction if best == "max" else 1 - fraction
    edges = np.arange(columns + 1) - 0.5, np.arange(rows + 1) - 0.5
    axes.pcolormesh(*edges, shades, vmin=0, vmax=1, cmap=NUMBERS)
    for row in range(rows):
        for column in range(columns):
            is_known = np.isfinite(means[row, column])
            label = f"{means[row, column]:{digits}}" if is_known else "–"
            colour = (
                palette.muted if not is_known else "black" if shades[row, column] > 0.6 else "white"
            )
            axes.text(column, row, label, ha="center", va="center", color=colour, fontsize=8)
    return figure


def importance_figure(data: Importance, look: Look) -> Figure:
    """Return bars: how much each parameter matters, the most important on top."""
    palette = look.palette
    names = data.parameters[::-1]
    figure = new_figure(HALF, 1.1 + 0.34 * len(names))
    axes = figure.add_subplot()
    high = max(
        mean + deviation for mean, deviation in zip(data.means, data.deviations, strict=True)
    )
    x = Axis("increase of the squared error / variance", "linear", (0, 1.05 * max(high, 0.01)))
    y = Axis("", "category", (-0.6, len(names) - 0.4), tuple(enumerate(names)))
    dress(axes, x, y, palette)
    axes.grid(False, axis="y")
    axes.barh(
        range(len(names)),
        data.means[::-1],
        xerr=data.deviations[::-1],
        color=palette.accent,
        ecolor=palette.ink,
        height=0.6,
        capsize=2,
    )
    return figure


def _with_key(look: Look, rows: int, columns: int, height: float) -> tuple[Figure, list[Axes]]:
    """Return a wide figure with panels and the key to the colours."""
    has_bar = look.colouring.bar is not None
    figure = new_figure(WIDE, height + (0.4 if look.colouring.labels else 0))
    widths = [1.0] * columns + ([0.03] if has_bar else [])
    grid = GridSpec(rows, len(widths), figure, width_ratios=widths)
    places = [
        figure.add_subplot(grid[row, column]) for row in range(rows) for column in range(columns)
    ]
    add_key(figure, grid[:, -1], look)
    return figure, places


def _lines(axes: Axes, panel: LinePanel, look: Look) -> None:
    dress(axes, panel.x, panel.y, look.palette)
    points = [
        np.column_stack([line.epochs, coordinates(panel.y, line.values)]) for line in panel.lines
    ]
    ids = [line.run_id for line in panel.lines]
    draw_lines(axes, points, ids, look)
    low, high = panel.y.limits
    alone = [
        number
        for number, line in enumerate(panel.lines)
        if len(line.epochs) == 1 and low <= line.values[0] <= high
    ]
    if alone:  # one epoch is no line
        x, y = np.vstack([points[number] for number in alone]).T
        some = [ids[number] for number in alone]
        draw_points(axes, x, y, some, look)
    failed = [line for line in panel.lines if not line.is_ranked]
    ends = np.clip([line.values[-1] for line in failed], low, high)
    epochs = [line.epochs[-1] for line in failed]
    draw_failures(axes, epochs, coordinates(panel.y, ends), look.palette)


def _points(axes: Axes, panel: PointPanel, look: Look) -> None:
    dress(axes, panel.x, panel.y, look.palette)
    ids = [point.run_id for point in panel.points]
    x = coordinates(panel.x, [point.x for point in panel.points])
    y = coordinates(panel.y, [point.y for point in panel.points])
    draw_points(axes, x, y, ids, look)


def _beside_each_other(axis: Axis, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move the points of a crowd a little aside, always by the same."""
    if not len(x) or np.unique(x, return_counts=True)[1].max() < CROWD:
        return x
    aside = (np.arange(len(x)) * GOLDEN % 1 - 0.5) * 0.06
    low, high = axis.limits
    moved = x * (high / low) ** aside if axis.scale == "log" else x + aside * (high - low)
    return np.asarray(moved)
