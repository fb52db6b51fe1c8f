"""What is drawn where."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PathCollection

from sweep.reporting.axes import Axis, epoch_axis
from sweep.reporting.colouring import UNCOLOURED, Colouring
from sweep.reporting.drawing import Look, round_ticks
from sweep.reporting.figures import curves_figure
from sweep.reporting.palette import LIGHT
from sweep.reporting.panels import Line, LinePanel


def test_nothing_is_drawn_outside_of_its_panel():
    """The limits are those of good runs: bad ones of one epoch, as pruned ones are, lie beyond."""
    lines = [
        Line("bad", (1,), (0.1,), is_ranked=False),
        Line("diverged", (1,), (float("nan"),), is_ranked=False),
        Line("short", (1,), (0.6,), is_ranked=True),
        Line("good", (1, 2), (0.7, 0.9), is_ranked=True),
    ]
    y = Axis("val/accuracy", "linear", (0.5, 0.95))
    numbers = {line.run_id: number for number, line in enumerate(lines)}
    panel = LinePanel(epoch_axis(2), y, tuple(lines))
    (axes, *_) = curves_figure([panel], Look(LIGHT, UNCOLOURED, numbers)).axes
    marks = [each for each in axes.collections if isinstance(each, PathCollection)]
    points, crosses = (np.ma.filled(each.get_offsets(), np.nan) for each in marks)
    assert points.tolist() == [[1.0, 0.6]]
    assert crosses[0].tolist() == [1.0, 0.5]  # at the edge
    assert np.isnan(crosses[1][1])


def test_the_name_beside_a_colour_bar_is_not_cut():
    name = "early_stopping.min_delta"
    bar = Axis(name, "linear", (0, 1))
    line = Line("good", (1, 2), (0.7, 0.9), is_ranked=True)
    panel = LinePanel(epoch_axis(2), Axis("val/accuracy", "linear", (0.5, 0.95)), (line,))
    look = Look(LIGHT, Colouring(name, (), True, bar, {"good": 0.5}), {"good": 0})
    figure = curves_figure([panel], look)
    FigureCanvasAgg(figure).draw()
    (label,) = [each.yaxis.label for each in figure.axes if each.get_ylabel() == name]
    text, page = label.get_window_extent(), figure.bbox
    assert page.x0 <= text.x0 < text.x1 <= page.x1
    assert page.y0 <= text.y0 < text.y1 <= page.y1


def test_a_colour_bar_of_many_values_has_round_numbers():
    assert round_ticks(Axis("seed", "integer", (-0.95, 19.95))) == [
        (0.0, "0"),
        (5.0, "5"),
        (10.0, "10"),
        (15.0, "15"),
    ]
    ticks = [text for _, text in round_ticks(Axis("lr", "linear", (0.095, 0.305)))]
    assert ticks == ["0.1", "0.15", "0.2", "0.25", "0.3"]
