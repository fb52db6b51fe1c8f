"""Parallel coordinates: which runs cross which axes where."""

import numpy as np
import pytest
from fake_results import results_of
from matplotlib.collections import LineCollection

from sweep.reporting import parallel
from sweep.reporting.colouring import UNCOLOURED
from sweep.reporting.drawing import Look
from sweep.reporting.palette import LIGHT
from sweep.reporting.parallel import MISSING, Crossing, parallel_figure, parallel_panel

RUNS = [
    {"rank": 1, "val/accuracy": 0.9, "lr": 0.1, "net": "mlp", "kernels": np.nan},
    {"rank": 2, "val/accuracy": 0.8, "lr": 0.001, "net": "lenet", "kernels": 5.0},
    {"rank": 3, "val/accuracy": 0.7, "lr": 0.01, "net": "lenet", "kernels": 3.0},
    {"rank": 0, "val/accuracy": 0.2, "lr": 0.1, "net": "alexnet", "kernels": 3.0},
]


def panel_of(runs=RUNS, parameters=("lr", "net", "kernels")):
    return parallel_panel(results_of(runs, parameters=parameters))


def test_lines_by_value():
    panel = panel_of()
    assert [axis.label for axis in panel.axes] == ["lr", "net", "kernels"]
    assert [axis.scale for axis in panel.axes] == ["log", "category", "integer"]
    assert panel.axes[1].ticks == ((0.0, "lenet"), (1.0, "mlp"))  # no run with a rank has the third
    assert (panel.metric.label, panel.runs, panel.left_out) == ("val/accuracy", 3, ())
    assert [line.run_id for line in panel.lines] == ["c", "b", "a"]  # the best is drawn last
    padding = 0.05 / 1.1
    low, high = padding, 1 - padding
    assert panel.lines[2].places == pytest.approx((high, 0.75, MISSING, high))
    assert panel.lines[1].places == pytest.approx((low, 0.25, high, 0.5))
    assert panel.lines[0].places == pytest.approx((0.5, 0.25, low, low))


def test_a_number_that_is_infinite_has_a_place():
    kernels = (np.inf, 5.0, 3.0, 3.0)
    runs = [dict(run, kernels=each) for run, each in zip(RUNS, kernels, strict=True)]
    panel = panel_of(runs)
    assert panel.axes[2].ticks == ((0.0, "3"), (1.0, "5"), (2.0, "inf"))
    assert [line.places[2] for line in panel.lines] == pytest.approx([0.5 / 3, 0.5, 2.5 / 3])


def test_null_is_missing_among_many_numbers():
    runs = [
        {"rank": number, "val/accuracy": 0.5, "net": f"{number % 2}"}
        | {"lr": "null" if number == 1 else f"{number / 16}"}
        for number in range(1, 14)
    ]
    panel = panel_of(runs, ("lr", "net"))
    assert panel.axes[0].scale == "linear"
    assert panel.lines[-1].places[0] == MISSING
    places = [line.places[0] for line in panel.lines[:-1]]
    assert places == sorted(places, reverse=True) and len({*places}) == 12


def test_one_parameter_has_a_figure_of_its_own():
    assert panel_of(parameters=("lr",)) is None
    assert panel_of(RUNS[:1]) is None
    nothing = [dict(run, rank=0) for run in RUNS]
    assert panel_of(nothing) is None


def test_of_very_many_runs_some_of_all_ranks_are_drawn(monkeypatch):
    monkeypatch.setattr(parallel, "MOST_LINES", 2)
    panel = panel_of()
    assert [line.run_id for line in panel.lines] == ["c", "a"]
    assert panel.runs == 3


def test_of_many_parameters_some_are_left_out(monkeypatch):
    monkeypatch.setattr(parallel, "MOST_AXES", 2)
    panel = panel_of()
    assert [axis.label for axis in panel.axes] == ["lr", "net"]
    assert panel.left_out == ("kernels",)
    assert {len(line.places) for line in panel.lines} == {3}


def test_a_run_whose_metric_is_no_number_has_no_line():
    runs = [*RUNS[:2], dict(RUNS[2], **{"val/accuracy": float("nan")})]
    assert [line.run_id for line in panel_of(runs).lines] == ["b", "a"]


def test_a_line_has_the_colour_of_its_metric():
    panel = panel_of()
    look = Look(LIGHT, UNCOLOURED, {"a": 0, "b": 1, "c": 2})
    (axes,) = parallel_figure(panel, look).axes
    (lines,) = [each for each in axes.collections if isinstance(each, LineCollection)]
    for line, drawn, link in zip(panel.lines, lines.get_segments(), lines.get_urls(), strict=True):
        assert drawn.tolist() == [[place, value] for place, value in enumerate(line.places)]
        assert link == f"#run-{look.numbers[line.run_id]}"
    assert lines.get_linewidths()[-1] == max(lines.get_linewidths())
    words = [each.get_text() for each in axes.texts]
    assert words.count("none") == 1  # of the kernels that an MLP has not
    assert {"lr", "net", "kernels", "val/accuracy", "mlp", "lenet", "0.001", "3", "5"} < {*words}
    assert isinstance(panel.lines[0], Crossing)
