"""What was predicted beside what is true, drawn: a cloud around a line."""

from collections.abc import Sequence

from sweep.plotting.colours import BLUE, VERMILION
from sweep.runs.axes import Panel, Scale
from sweep.runs.chart import Area, Chart, Line, Shape, Words
from sweep.runs.figures import Predicted

SIDE, LEFT, RIGHT, TOP, BOTTOM = 460, 62, 20, 62, 46  # pixels: of one plot, and around it
TITLE, NAME = 20, 44  # how far below the top these are
MARGIN = 0.05
MOST_PLOTS = 6
DOT = 1.7  # pixels from its middle to its edge


def draw_predicted(predicted: Sequence[Predicted], title: str) -> Chart:
    """Draw a plot for each number that is predicted, of which only the first few are shown.

    Args:
        predicted: what was predicted, and what is true.
        title: above them all.
    """
    shown = predicted[:MOST_PLOTS]
    shapes: list[Shape] = [Words(11, TITLE, title)]
    side = SIDE - LEFT - RIGHT
    for column, each in enumerate(shown):
        low, high = each.limits
        margin = MARGIN * (high - low) or 0.5
        low, high, left = low - margin, high + margin, column * SIDE + LEFT
        panel = Panel(Scale(low, high, left, left + side), Scale(low, high, TOP + side, TOP))
        ticks = panel.x.ticks(6)
        shapes += panel.frame(ticks, ticks)
        name = f"number {each.number}: " if len(predicted) > 1 else ""
        shapes += [
            Words(left + side / 2, NAME, f"{name}R² {each.explained:.3f}", "m"),
            Words(left + side / 2, TOP + side + 32, "true", "m"),
            Words(left - 50, TOP - 14, "predicted"),
        ]
        for x, y in map(panel.place, each.truth.tolist(), each.answer.tolist()):
            corners = ((x - DOT, y), (x, y - DOT), (x + DOT, y), (x, y + DOT))
            shapes.append(Area(corners, BLUE))
        shapes.append(Line([panel.place(low, low), panel.place(high, high)], VERMILION))
    return Chart(SIDE * len(shown), TOP + side + BOTTOM, shapes)
