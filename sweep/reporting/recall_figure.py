"""How many test images of each class the best run got right, drawn as bars."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from sweep.reporting.axes import Axis
from sweep.reporting.drawing import HALF, Look, dress, new_figure
from sweep.results.recall import ClassRecall

MOST_CLASSES = 30


def recall_figure(classes: Sequence[ClassRecall], look: Look) -> Figure:
    """Return a bar for each class, the worst on top; of many classes, the worst alone."""
    shown = classes[:MOST_CLASSES][::-1]
    figure = new_figure(HALF, 1.1 + 0.3 * len(shown))
    axes = figure.add_subplot()
    names = tuple((float(place), each.name) for place, each in enumerate(shown))
    x = Axis("share of its test images that are right", "linear", (0, 1))
    dress(axes, x, Axis("", "category", (-0.6, len(shown) - 0.4), names), look.palette)
    axes.grid(False, axis="y")
    axes.barh(
        range(len(shown)), [each.share for each in shown], color=look.palette.accent, height=0.6
    )
    return figure
