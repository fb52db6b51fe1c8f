"""The learning curves of one run, drawn by matplotlib: what sweep/runs/figures.py says."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from sweep.plotting.style import BLUE, GREEN, UNDATED, VERMILION, WORDS

# isort: split
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sweep.runs.figures import Curve, value_range
from sweep.runs.paper import INK

DPI = 100
LOOKS = {"train": (BLUE, "o"), "val": (VERMILION, "s"), "test": (GREEN, "D")}
PALE = "#cccccc"
EPOCHS_WITH_MARKERS = 30
TITLE_LETTERS = 115


def draw_curves(metrics: Mapping[str, Sequence[Curve]], kept: int, title: str) -> Figure:
    """Draw curves, one metric beside the other.

    Args:
        metrics: the curves of each.
        kept: the epoch whose parameters are kept.
        title: above them all.
    """
    figure = Figure(figsize=(9, 3.6), dpi=DPI)
    if len(title) > TITLE_LETTERS:
        title = f"{title[: TITLE_LETTERS - 1]}…"
    figure.text(0.012, 0.945, title, fontsize=10, va="center", color=INK, parse_math=False)
    width = 1 / len(metrics)
    for column, (metric, curves) in enumerate(metrics.items()):
        axes = figure.add_axes((column * width + 0.075, 0.14, width - 0.09, 0.73))
        epochs = max(max(curve.points) for curve in curves)
        axes.axvline(kept, color=PALE, linestyle="--", label=f"epoch {kept}, kept")
        for curve in curves:
            color, marker = LOOKS[curve.part]
            marked = epochs <= EPOCHS_WITH_MARKERS or len(curve.points) == 1
            axes.plot(
                list(curve.points),
                list(curve.points.values()),
                color=color,
                marker=marker if marked else "",
                markersize=4,
                label=curve.part,
            )
        low, high = value_range(curves)
        margin = 0.06 * (high - low) or 0.01
        axes.set_ylim(low - margin, high + margin)
        margin = max(0.3, 0.03 * epochs)
        axes.set_xlim(1 - margin, epochs + margin)
        axes.xaxis.set_major_locator(MaxNLocator(10, integer=True, min_n_ticks=1))
        axes.set_xlabel("epoch")
        axes.set_ylabel(metric)
        axes.grid(color=PALE, linewidth=0.4)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(fontsize=8, frameon=False)
    return figure


def write(figure: Figure, file: Path) -> None:
    """Write a figure in the format of the file's suffix; the same figure makes the same file."""
    metadata = UNDATED if file.suffix == ".svg" else None
    # Words are smaller, and faster, than the outlines of letters.
    with rc_context({**WORDS, "svg.hashsalt": file.name}):
        figure.savefig(file, metadata=metadata)
