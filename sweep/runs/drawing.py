"""The learning curves of one run, drawn: what sweep/runs/figures.py says."""

import math
from collections.abc import Iterator, Mapping, Sequence

from sweep.plotting.colours import BLUE, GREEN, VERMILION
from sweep.runs.axes import WHOLE_STEPS, Panel, Scale
from sweep.runs.chart import Area, Chart, Line, Point, Shape, Words
from sweep.runs.figures import Curve, value_range
from sweep.runs.paper import fitted, width_of

WIDTH, HEIGHT = 900, 360
LEFT, RIGHT, TOP, BOTTOM = 62, 16, 88, 46  # around what is plotted, in pixels
TITLE, LEGEND, METRIC = 20, 44, 72  # how far below the top these are
BESIDE = 11  # the title
PIXELS_OF_TICK = 30  # that a tick takes at least
MARK = 3.4  # pixels from the middle of a mark to its edge
CIRCLE = tuple((math.cos(each * math.pi / 8), math.sin(each * math.pi / 8)) for each in range(16))
SQUARE = ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9))
DIAMOND = ((0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0))
LOOKS = {"train": (BLUE, CIRCLE), "val": (VERMILION, SQUARE), "test": (GREEN, DIAMOND)}
PALE = "#aaaaaa"
DASH, GAP = 5, 3  # of the line at the epoch that is kept
EPOCHS_WITH_MARKERS = 30


def draw_curves(metrics: Mapping[str, Sequence[Curve]], kept: int, title: str) -> Chart:
    """Draw curves, one metric beside the other.

    Args:
        metrics: the curves of each.
        kept: the epoch whose parameters are kept.
        title: above them all.
    """
    parts = {curve.part for curves in metrics.values() for curve in curves}
    shapes: list[Shape] = [Words(BESIDE, TITLE, fitted(title, WIDTH - 2 * BESIDE))]
    shapes += _legend([each for each in LOOKS if each in parts], kept)
    width = WIDTH / len(metrics)
    for column, (metric, curves) in enumerate(metrics.items()):
        left = column * width + LEFT
        panel = _panel(curves, left, (column + 1) * width - RIGHT)
        shapes += [Words(left, METRIC, metric), *_frame(panel), *_kept(panel.x.place(kept))]
        for curve in curves:
            shapes += _drawn(curve, panel)
    return Chart(WIDTH, HEIGHT, shapes)


def _panel(curves: Sequence[Curve], left: float, right: float) -> Panel:
    epochs = max(max(curve.points) for curve in curves)
    low, high = value_range(curves)
    above = 0.06 * (high - low) or 0.01 * abs(high) or 0.01
    beside = max(0.3, 0.03 * epochs)
    return Panel(
        Scale(1 - beside, epochs + beside, left, right),
        Scale(low - above, high + above, HEIGHT - BOTTOM, TOP),
    )


def _frame(panel: Panel) -> Iterator[Line | Words]:
    across, up = (abs(each.end - each.begin) for each in (panel.x, panel.y))
    epochs = panel.x.ticks(max(1, int(across / PIXELS_OF_TICK)), WHOLE_STEPS)
    yield from panel.frame(epochs, panel.y.ticks(max(1, int(up / PIXELS_OF_TICK))))
    yield Words((panel.x.begin + panel.x.end) / 2, panel.y.begin + 32, "epoch", "m")


def _kept(x: float, top: float = TOP, bottom: float = HEIGHT - BOTTOM) -> Iterator[Line]:
    """Yield a line from top to bottom, in dashes."""
    for y in range(round(top), round(bottom), DASH + GAP):
        yield Line([(x, y), (x, min(y + DASH, bottom))], PALE, 1.4)


def _legend(parts: Sequence[str], kept: int) -> Iterator[Line | Area | Words]:
    """Yield what the marks of parts mean, side by side."""
    x, said = float(LEFT), f"epoch {kept}, kept"
    yield from _kept(x + 8, LEGEND - 9, LEGEND + 9)
    yield Words(x + 20, LEGEND, said)
    x += 44 + width_of(said)
    for part in parts:
        ink, mark = LOOKS[part]
        yield Line([(x - 4, LEGEND), (x + 20, LEGEND)], ink, 1.6)
        yield _mark(mark, ink, (x + 8, LEGEND))
        yield Words(x + 26, LEGEND, part)
        x += 50 + width_of(part)


def _drawn(curve: Curve, panel: Panel) -> Iterator[Line | Area]:
    ink, mark = LOOKS[curve.part]
    points = [panel.place(epoch, value) for epoch, value in sorted(curve.points.items())]
    for part in panel.inside(points):
        yield Line(part, ink, 1.6)
    if max(curve.points) <= EPOCHS_WITH_MARKERS or len(points) == 1:
        yield from (_mark(mark, ink, point) for point in points if panel.shows(point))


def _mark(mark: Sequence[Point], ink: str, place: Point) -> Area:
    return Area([(place[0] + MARK * x, place[1] + MARK * y) for x, y in mark], ink)
