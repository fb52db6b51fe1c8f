"""How figures are drawn: axes, keys to colours, marks of runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, ScalarFormatter
from numpy.typing import ArrayLike, NDArray

from sweep.reporting.axes import Axis
from sweep.reporting.colouring import Colouring
from sweep.reporting.palette import STEPS, Palette

FEW, MANY = 12, 60  # runs, up to which marks are large, and from which on small
LONGEST_LABEL = 18
KEY = "key"  # the id of what explains colours: the page takes it away where others are chosen
ROUND_STEPS = (1, 2, 5, 10)  # from tick to tick
WIDEST_LABELS = 48  # letters below half a page
WIDE, HALF = 11.25, 5.5  # inches: 1,080 and 528 of a page's pixels
DASHES: tuple[Any, ...] = (
    "solid",
    (0, (5, 1.5)),
    (0, (1, 1)),
    (0, (4, 1.2, 1, 1.2)),
    (0, (8, 2)),
    (0, (2, 2)),
)
MARKERS = ("o", "s", "^", "D", "v", "P")


@dataclass(frozen=True)
class Look:
    """How runs look in a figure.

    Attributes:
        palette: the colours.
        colouring: which run has which.
        numbers: of the runs, by their ids: their rows in the table of the page.
    """

    palette: Palette
    colouring: Colouring
    numbers: Mapping[str, int]

    def colours(self, run_ids: Sequence[str]) -> list[str]:
        """Return the colour of each run."""
        key, places = self.colouring, self.colouring.places
        if key.parameter is None:
            return [self.palette.accent] * len(run_ids)
        if key.bar:
            return [self.palette.step(places[run_id]) for run_id in run_ids]
        return [self._of_label(int(places[run_id])) for run_id in run_ids]

    def dashes(self, run_ids: Sequence[str]) -> list[Any]:
        """Return the dashes of each run: a legend's colours shall not be all that tells."""
        if not self.colouring.labels:
            return ["solid"] * len(run_ids)
        return [DASHES[int(self.colouring.places[run_id])] for run_id in run_ids]

    def markers(self, run_ids: Sequence[str]) -> list[str]:
        """Return the marker of each run, for the same reason."""
        if not self.colouring.labels:
            return [MARKERS[0]] * len(run_ids)
        return [MARKERS[int(self.colouring.places[run_id])] for run_id in run_ids]

    def links(self, run_ids: Sequence[str]) -> list[str]:
        """Return for each run a link to its row."""
        return [f"#run-{self.numbers[run_id]}" for run_id in run_ids]

    def legend(self) -> list[Line2D]:
        """Return the entries of the legend; none with a colour bar."""
        return [
            Line2D(
                xdata=[],
                ydata=[],
                color=self._of_label(place),
                linestyle=DASHES[place],
                marker=MARKERS[place],
                markersize=5,
                label=label,
            )
            for place, label in enumerate(self.colouring.labels)
        ]

    def _of_label(self, place: int) -> str:
        if not self.colouring.ordered:
            return self.palette.categories[place]
        return self.palette.step(place / max(len(self.colouring.labels) - 1, 1))


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of this size, in inches: 96 of a page's pixels each."""
    return Figure(figsize=(width, height), layout="constrained")


def dress(axes: Axes, x: Axis, y: Axis, palette: Palette) -> None:
    """Give axes their scales, limits, ticks and labels; what lies behind the marks."""
    for axis, shown, set_scale, set_limits, set_label in (
        (axes.xaxis, x, axes.set_xscale, axes.set_xlim, axes.set_xlabel),
        # Above the axis, where it can be read without turning the head.
        (axes.yaxis, y, axes.set_yscale, axes.set_ylim, partial(axes.set_title, loc="left")),
    ):
        set_scale("log" if shown.scale in ("log", "error") else "linear")
        set_limits(*coordinates(shown, shown.limits))
        on_log_scale = ", errors on a log scale" if shown.scale == "error" else ""
        set_label(f"{shown.label}{on_log_scale}", color=palette.muted)
        if shown.ticks:
            labels = [shortened(label) for _, label in shown.ticks]
            axis.set_ticks(coordinates(shown, [value for value, _ in shown.ticks]), labels)
        else:
            axis.set_major_locator(
                MaxNLocator(6, steps=ROUND_STEPS, integer=shown.scale == "integer")
            )
            plain = ScalarFormatter(useOffset=False)
            plain.set_scientific(False)
            axis.set_major_formatter(plain)
        axis.set_ticks([], minor=True)
    if sum(len(shortened(label)) + 2 for _, label in x.ticks) > WIDEST_LABELS:
        axes.tick_params("x", rotation=30)
        for label in axes.get_xticklabels():
            label.set_horizontalalignment("right")
            label.set_rotation_mode("anchor")
    axes.grid(True, color=palette.grid, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(color=palette.grid, labelcolor=palette.ink, length=3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(palette.muted)


def coordinates(axis: Axis, values: ArrayLike) -> NDArray[np.float64]:
    """Return where matplotlib has to draw values: for accuracies by their errors, the errors."""
    found = np.asarray(values, dtype=float)
    return np.maximum(1 - found, 1 - axis.limits[1]) if axis.scale == "error" else found


def draw_lines(
    axes: Axes, lines: Sequence[NDArray[np.float64]], run_ids: Sequence[str], look: Look
) -> None:
    """Draw a line for each run, finer the more there are.

    Args:
        axes: to draw in.
        lines: of each run, shape (points, 2).
        run_ids: of the runs.
        look: of the runs.
    """
    few, many = len(lines) <= FEW, len(lines) > MANY
    width, alpha = (1.7, 1.0) if few else (0.8, 0.5) if many else (1.2, 0.9)
    collection = LineCollection(
        lines,
        colors=look.colours(run_ids),
        linestyles=look.dashes(run_ids),
        linewidths=width,
        alpha=alpha,
        urls=look.links(run_ids),
        capstyle="round",
    )
    axes.add_collection(collection, autolim=False)


def draw_points(axes: Axes, x: ArrayLike, y: ArrayLike, run_ids: Sequence[str], look: Look) -> None:
    """Draw a mark for each run in its colour, smaller the more there are."""
    size, alpha = (36, 0.9) if len(run_ids) <= MANY else (14, 0.55)
    markers = look.markers(run_ids)
    x, y = np.asarray(x), np.asarray(y)
    for marker in dict.fromkeys(markers):
        chosen = [number for number, own in enumerate(markers) if own == marker]
        some = [run_ids[number] for number in chosen]
        marks = axes.scatter(
            x[chosen],
            y[chosen],
            size,
            look.colours(some),
            marker=marker,
            alpha=alpha,
            linewidths=0,
            clip_on=False,
            zorder=3,
        )
        marks.set_urls(look.links(some))


def draw_failures(axes: Axes, x: ArrayLike, y: ArrayLike, palette: Palette) -> None:
    """Draw a cross for each run that failed."""
    size = 25 if np.size(x) <= MANY else 9
    colour = palette.failed
    axes.scatter(x, y, size, colour, marker="x", linewidths=1, clip_on=False, zorder=5)


def add_key(figure: Figure, bar_place: SubplotSpec, look: Look) -> None:
    """Add a legend on top, or a colour bar in its place; nothing if nothing varies."""
    key, palette = look.colouring, look.palette
    if key.labels:
        legend = figure.legend(
            handles=look.legend(),
            title=key.parameter,
            loc="outside upper left",
            ncols=len(key.labels),
            frameon=False,
            labelcolor=palette.ink,
            alignment="left",
            handlelength=2.6,
        )
        legend.get_title().set_color(palette.muted)
        legend.set_gid(KEY)
    elif key.bar:
        # Not matplotlib's own, which is a picture of fixed colours.
        bar = figure.add_subplot(bar_place)
        bar.set_gid(KEY)
        heights = np.arange(STEPS) / STEPS
        bar.bar(0.5, 1 / STEPS, 1, heights, color=palette.steps, edgecolor=palette.steps, lw=0.5)
        dress(bar, Axis("", "linear", (0, 1)), Axis("", "linear", (0, 1)), palette)
        ticks = key.bar.ticks or round_ticks(key.bar)
        bar.set_yticks([key.bar.fraction(value) for value, _ in ticks], [text for _, text in ticks])
        bar.set_xticks([])
        bar.grid(False)
        bar.yaxis.tick_right()
        bar.spines[:].set_visible(False)
        bar.yaxis.set_label_position("right")  # a title would be cut at the figure's edge
        bar.set_ylabel(str(key.parameter), color=palette.muted)


def round_ticks(axis: Axis) -> list[tuple[float, str]]:
    """Return round numbers on a linear axis, and how they are written."""
    locator = MaxNLocator(6, steps=ROUND_STEPS, integer=axis.scale == "integer")
    low, high = axis.limits
    return [(tick, f"{tick:g}") for tick in locator.tick_values(low, high) if low <= tick <= high]


def shortened(label: str) -> str:
    """Return a label, cut if it is long."""
    return label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1]}…"
