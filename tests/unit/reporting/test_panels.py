import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from fake_results import START, results_of
from fake_runs import fill
from fake_store import broken, five_hundred_runs, grid, on_two_cores, trained, twenty_runs
from record import new_record

from sweep.reporting import panels as plots
from sweep.reporting import time_panels
from sweep.reporting.axes import Axis
from sweep.reporting.colouring import Colouring, colouring
from sweep.reporting.heatmaps import PARTS, HeatMap, heat_map, parameter_pairs
from sweep.reporting.panels import (
    Line,
    Point,
    curve_panels,
    gap_panel,
    parameter_panel,
    train_val_panel,
)
from sweep.reporting.sections import sections
from sweep.reporting.time_panels import Bar, duration_panel, throughput_panel
from sweep.reporting.two_runs import best_two
from sweep.results import results as results_module
from sweep.results.importance import NotComputed
from sweep.results.results import move_together, read_results


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    uri = new_record(tmp_path_factory.mktemp("plots"))

    def read(experiment, runs, **options):
        ids, _ = fill(uri, experiment, runs)
        options.setdefault("metric", "val/accuracy")
        results = read_results(experiment, None, tracking_uri=uri, **options)
        return results, dict(zip(ids, runs, strict=True))

    return read


@pytest.fixture(scope="module")
def twenty(store):
    return store("twenty", twenty_runs())


@pytest.fixture(scope="module")
def hundreds(store):
    return store("hundreds", five_hundred_runs(epochs=6))


# --- what is read ---


def test_parameters_that_move_together_are_one():
    params = pd.DataFrame(
        {
            "model.name": ["mlp", "mlp", "lenet", "lenet"],
            "model.hidden": ["[8]", "[8]", "[500]", "[500]"],
            "model.kernels": [None, None, "[5, 5]", "[5, 5]"],
            "optim.lr": [0.1, 0.2, 0.1, 0.2],
            "epochs": [5, 5, 5, 5],
            "batch_size": [2, 1, 2, 1],
        }
    )
    assert move_together(params) == {
        "model.name": ["model.hidden", "model.kernels"],
        "optim.lr": ["batch_size"],
    }


def test_numbers_drawn_at_random_do_not_move_together():
    params = pd.DataFrame({"lr": [0.1, 0.3, 0.2], "wd": [0.2, 0.5, 0.9], "name": ["a", "b", "c"]})
    assert move_together(params) == {"lr": [], "wd": [], "name": []}


def test_of_two_runs_names_move_together():
    params = pd.DataFrame({"model.name": ["mlp", "lenet"], "model.hidden": ["[8]", "[500]"]})
    assert move_together(params) == {"model.name": ["model.hidden"]}


def test_a_network_s_name_stands_for_its_fields(store):
    runs = on_two_cores(
        [
            trained(0, {"model.name": "mlp", "model.activation": "relu", "optim.lr": "0.1"}, 2),
            trained(1, {"model.name": "lenet", "model.activation": "tanh", "optim.lr": "0.1"}, 2),
        ]
    )
    results, _ = store("two networks", runs)
    assert (results.parameters, results.together) == (
        ["model.name"],
        {"model.name": ["model.activation"]},
    )
    assert results.main_parameter == "model.name"


def test_what_is_read_of_twenty_runs(twenty):
    results, runs = twenty
    assert sorted(results.parameters) == ["optim.lr", "optim.wd"]
    assert (results.metric, results.direction, results.name) == ("val/accuracy", "max", None)
    assert len(results.ranked) == 18 and len(results.others) == 2
    assert results.main_parameter == results.importance.parameters[0]
    assert results.metrics[:2] == ["val/accuracy", "test/accuracy"]
    assert len(results.curves) == 18 * 20 + 3 + 2
    assert set(results.others["failure_reason"]) == {"diverged at epoch 4", "diverged at epoch 3"}


def test_nothing_but_failures_has_no_metric(store):
    runs = [broken(run, 1) for run in grid(2, optim__lr=["0.1", "0.2"])]
    results, _ = store("failed", runs)
    assert results.ranked.empty
    assert results.importance == NotComputed("no run has ended well")
    assert (results.parameters, results.main_parameter) == (["optim.lr"], "optim.lr")
    assert [len(panel.lines) for panel in curve_panels(results)] == [2, 2, 2, 2]
    assert duration_panel(results) is None
    assert parameter_pairs(results) == []


# --- curves ---


def test_curves_by_value(twenty):
    results, runs = twenty
    panels = curve_panels(results)
    names = ["val/accuracy", "train/accuracy", "val/loss", "train/loss"]
    assert [panel.y.label for panel in panels] == names
    for panel in panels:
        assert panel.x == Axis("epoch", "integer", (0.62, 20.38))
        assert [line.run_id for line in panel.lines] == list(results.runs["run_id"][::-1])
        for line in panel.lines:
            run = runs[line.run_id]
            assert line.values == tuple(run.curves[panel.y.label])
            assert line.epochs == tuple(range(1, len(line.values) + 1))
            assert line.is_ranked == (run.status == "FINISHED")


def test_a_failed_run_does_not_stretch_the_axis():
    rows = [("a", 1, 0.5), ("a", 2, 0.25), ("b", 1, 1e9), ("c", 1, math.nan), ("c", 2, math.inf)]
    curves = [dict(zip(("run_id", "epoch", "val/loss"), row, strict=True)) for row in rows]
    runs = [{"rank": rank, "lr": 0.1, "val/loss": 0.25} for rank in (1, 0, 0)]
    (panel,) = curve_panels(results_of(runs, curves, "val/loss", "min"))
    assert panel.y == Axis("val/loss", "linear", pytest.approx((0.2375, 0.5125)))
    assert panel.lines == (Line("b", (1,), (1e9,), False), Line("a", (1, 2), (0.5, 0.25), True))


def test_losses_come_first_if_they_rank(twenty):
    results = dataclasses.replace(twenty[0], metric="val/loss", direction="min")
    names = ["val/loss", "train/loss", "val/accuracy", "train/accuracy"]
    assert [panel.y.label for panel in curve_panels(results)] == names


def test_the_test_set_has_a_curve_only_if_measured_after_every_epoch(store):
    runs = [trained(0, {}, 3, test_every_epoch=True)]
    results, _ = store("every epoch", runs)
    assert "test/accuracy" in [panel.y.label for panel in curve_panels(results)]
    assert "test/loss" in [panel.y.label for panel in curve_panels(results)]


def test_runs_of_one_epoch_are_points_of_a_line(store):
    results, _ = store("one epoch", grid(1, optim__lr=["0.1", "0.2"]))
    panel = curve_panels(results)[0]
    assert [line.epochs for line in panel.lines] == [(1,), (1,)]
    assert panel.x.limits[0] < 1 < panel.x.limits[1]


def test_many_points_are_thinned_to_the_first_the_last_and_some_between(monkeypatch):
    curves = {"run_id": ["a"] * 1000 + ["b"] * 3, "epoch": [*range(1, 1001), 1, 2, 3]}
    curves["val/accuracy"] = np.linspace(0.5, 0.6, 1003)
    monkeypatch.setattr(plots, "MOST_VERTICES", 10)
    runs = [{"rank": rank, "lr": 0.1, "val/accuracy": 0.5} for rank in (1, 2)]
    (panel,) = curve_panels(results_of(runs, curves))
    assert [line.epochs for line in panel.lines] == [(1, 2, 3), (1, 251, 501, 750, 1000)]


def test_of_very_many_runs_some_are_shown_of_all_ranks(store, monkeypatch):
    monkeypatch.setattr(results_module, "MOST_CURVES", 4)
    monkeypatch.setattr(results_module, "BEST_CURVES", 2)
    for panels in (plots, time_panels):
        monkeypatch.setattr(panels, "MOST_MARKS", 3)
    rates = [str(number / 10) for number in range(1, 9)]
    runs = grid(2, optim__lr=rates)
    broken(runs[7], 1)
    results, _ = store("many", runs)
    ids = list(results.runs["run_id"])
    lines = curve_panels(results)[0].lines
    assert [line.run_id for line in lines] == [ids[5], ids[2], ids[1], ids[0]]
    panel = parameter_panel(results, "optim.lr")
    assert [point.run_id for point in panel.points] == [ids[6], ids[3], ids[0]]
    assert len(panel.failed) == 1
    assert [bar.run_id for bar in throughput_panel(results).bars] == [ids[0], ids[3], ids[6]]
    assert len(results.runs) == 8


def test_the_best_two_of_very_many_runs_are_drawn(store, monkeypatch):
    monkeypatch.setattr(results_module, "MOST_CURVES", 22)
    results, _ = store("very many", grid(2, optim__lr=[str(n / 100) for n in range(1, 31)]))
    ids = list(results.runs["run_id"])
    assert best_two(results) == (ids[0], ids[1])
    assert set(results.curves["run_id"]) == {*ids[:20], ids[20], ids[25]}


def test_a_learning_rate_that_changed_is_drawn_last():
    curves = [
        {"run_id": "a", "epoch": 1, "val/loss": 0.5, "lr": 0.1},
        {"run_id": "a", "epoch": 2, "val/loss": 0.25, "lr": 0.05},
        {"run_id": "b", "epoch": 1, "val/loss": 0.75},  # its rate stayed the same
    ]
    runs = [{"rank": rank, "optim.lr": 0.1, "val/loss": 0.5} for rank in (1, 2)]
    loss, rate = curve_panels(results_of(runs, curves, "val/loss", "min"))
    assert (loss.y.label, rate.y.label) == ("val/loss", "lr")
    assert rate.lines == (Line("a", (1, 2), (0.1, 0.05), True),)
    (loss,) = curve_panels(results_of(runs, [curves[2]], "val/loss", "min"))
    assert loss.y.label == "val/loss"


# --- the gap ---


def test_gap_by_value():
    curves = [
        {"run_id": "a", "epoch": 1, "train/accuracy": 0.5, "val/accuracy": 0.625},
        {"run_id": "a", "epoch": 2, "train/accuracy": 0.875, "val/accuracy": 0.75},
    ]
    runs = [{"rank": 1, "lr": 0.1, "val/accuracy": 0.75, "train/accuracy": 0.875}]
    results = results_of(runs, curves)
    gap = gap_panel(results)
    assert gap.y.label == "train/accuracy − val/accuracy"
    assert gap.lines == (Line("a", (1, 2), (-0.125, 0.125), True),)
    assert gap.y.limits == pytest.approx((-0.1375, 0.1375))
    both = train_val_panel(results)
    assert both.points == (Point("a", 0.875, 0.75),)
    assert (both.x.label, both.y.label) == ("train/accuracy", "val/accuracy")
    assert (both.x.scale, both.x.limits, both.x.ticks) == (
        *(both.y.scale, both.y.limits, both.y.ticks),
    )


def test_a_gap_of_losses_is_above_0_if_validation_is_worse():
    curves = [{"run_id": "a", "epoch": 1, "train/loss": 0.25, "val/loss": 1.0}]
    runs = [{"rank": 1, "lr": 0.1, "val/loss": 1.0, "train/loss": 0.25}]
    gap = gap_panel(results_of(runs, curves, "val/loss", "min"))
    assert gap.y.label == "val/loss − train/loss"
    assert gap.lines[0].values == (0.75,)
    # Differences are never drawn by their logarithm, and 0 is on their axis.
    assert (gap.y.scale, gap.y.limits) == ("linear", pytest.approx((-0.0375, 0.7875)))


@pytest.mark.parametrize(
    ("direction", "label", "value"),
    [("max", "train/auc − val/auc", 0.25), ("min", "val/auc − train/auc", -0.25)],
)
def test_a_gap_of_what_only_the_user_knows_which_end_is_better(direction, label, value):
    curves = [{"run_id": "a", "epoch": 1, "train/auc": 0.75, "val/auc": 0.5}]
    runs = [{"rank": 1, "lr": 0.1, "val/auc": 0.5, "train/auc": 0.75}]
    results = results_of(runs, curves, "val/auc", direction)
    gap = gap_panel(results)
    assert (gap.y.label, gap.lines[0].values) == (label, (value,))
    assert train_val_panel(results).points == (Point("a", 0.75, 0.5),)


def test_a_gap_of_accuracies_where_runs_are_ranked_by_what_training_does_not_have():
    curves = [{"run_id": "a", "epoch": 1, "train/accuracy": 0.75, "val/accuracy": 0.5}]
    runs = [{"rank": 1, "lr": 0.1, "val/accuracy": 0.5, "train/accuracy": 0.75, "val/error": 0.5}]
    gap = gap_panel(results_of(runs, curves, "val/error", "min"))
    assert (gap.y.label, gap.lines[0].values) == ("train/accuracy − val/accuracy", (0.25,))


def test_without_validation_there_is_no_gap():
    curves = [{"run_id": "a", "epoch": 1, "test/accuracy": 0.5, "train/accuracy": 0.5}]
    runs = [{"rank": 1, "lr": 0.1, "test/accuracy": 0.5, "train/accuracy": 0.5}]
    results = results_of(runs, curves, "test/accuracy")
    assert gap_panel(results) is None and train_val_panel(results) is None


# --- parameters ---


def test_a_parameter_by_value():
    runs = [
        {"rank": 1, "lr": 0.1, "val/accuracy": 0.75},
        {"rank": 2, "lr": 0.01, "val/accuracy": 0.5},
        {"rank": 3, "lr": 0.1, "val/accuracy": 0.25},
        {"rank": 0, "lr": 1.0, "val/accuracy": 0.99},
        {"rank": 4, "lr": None, "val/accuracy": 0.125},
    ]
    panel = parameter_panel(results_of(runs), "lr")
    assert panel.x.scale == "log"
    assert panel.points == (Point("c", 0.1, 0.25), Point("b", 0.01, 0.5), Point("a", 0.1, 0.75))
    assert panel.means == ((0.01, 0.5), (0.1, 0.5))
    assert panel.failed == (1.0,)
    assert panel.y == Axis("val/accuracy", "linear", pytest.approx((0.225, 0.775)))


def test_a_parameter_of_names_by_place():
    runs = [
        {"rank": 1, "lr": "relu", "val/accuracy": 0.75},
        {"rank": 2, "lr": "tanh", "val/accuracy": 0.5},
        {"rank": 0, "lr": "sigmoid", "val/accuracy": None},
    ]
    panel = parameter_panel(results_of(runs), "lr")
    assert panel.x.ticks == ((0.0, "relu"), (1.0, "sigmoid"), (2.0, "tanh"))
    assert [(point.run_id, point.x) for point in panel.points] == [("b", 2), ("a", 0)]
    assert panel.failed == (1.0,)
    assert panel.means == ()  # each would be its run


def test_many_values_have_means_of_equal_parts_of_the_axis(hundreds):
    results, runs = hundreds
    panel = parameter_panel(results, "optim.lr")
    assert 5 <= len(panel.means) <= plots.BINS
    places = [place for place, _ in panel.means]
    assert places == sorted(places)
    best = max(panel.means, key=lambda mean: mean[1])
    assert 0.1 < best[0] < 1  # fake runs are best at 0.3
    assert len(panel.failed) == len(results.others)


CLIPPED = [
    {"rank": number, "wd": number % 2, "val/accuracy": 0.5}
    | {"lr": "null" if number in (3, 14) else f"{number / 16}"}
    for number in range(1, 15)
]
BOTH = ("lr", "wd")
ON_THE_AXIS = [number / 16 for number in range(1, 14) if number != 3]


def test_null_has_no_place_among_many_numbers():
    panel = parameter_panel(results_of([*CLIPPED, dict(CLIPPED[3], rank=0)]), "lr")
    assert (panel.x.scale, panel.x.categories) == ("log", ())
    assert [point.x for point in panel.points] == ON_THE_AXIS[::-1]
    assert panel.failed == (0.25,)


def test_what_has_no_place_is_told():
    def said(runs):
        found = {each.name: each.text for each in sections(results_of(runs, parameters=BOTH))}
        return [found["parameters"], found["pairs"]]

    told = " Runs where it is null have no place by lr."
    assert all(text.endswith(told) for text in said(CLIPPED))
    assert not any("null" in text for text in said(CLIPPED[:6]))


# --- pairs ---


def test_many_numbers_beside_null_are_put_together_in_a_heat_map():
    found = heat_map(results_of(CLIPPED, parameters=BOTH), "lr", "wd")
    assert found.x_labels[0] == "0.062 – 0.062"
    assert len(found.x_labels) <= PARTS


def test_a_heat_map_by_value():
    rows = [("x", 1, 0.5), ("x", 2, 0.25), ("y", 1, 0.75), ("x", 1, 0.25)]
    runs = [
        {"rank": rank, "wd": wd, "lr": lr, "val/accuracy": value}
        for rank, (wd, lr, value) in enumerate(rows, 1)
    ]
    runs.append({"rank": 0, "wd": "y", "lr": 2, "val/accuracy": 0.9})
    found = heat_map(results_of(runs, parameters=("lr", "wd")), "lr", "wd")
    nan = pytest.approx(math.nan, nan_ok=True)
    assert found == HeatMap(
        "lr",
        "wd",
        ("1", "2"),
        ("x", "y"),
        ((0.375, 0.25), (0.75, nan)),
        Axis("val/accuracy", "linear", pytest.approx((0.225, 0.775))),
    )


def test_many_numbers_are_put_together_in_a_heat_map(hundreds):
    results, _ = hundreds
    found = heat_map(results, "optim.lr", "batch_size")
    assert found.y_labels == ("32", "64", "128", "256")
    assert found.x_labels[0].startswith("0.001 – 0.0")
    assert len(found.x_labels) == 6
    assert np.isfinite(found.means).any(axis=0).all()  # no column is empty
    assert np.isfinite(found.means).any(axis=1).all()
    best = np.unravel_index(np.argmax(found.means), np.shape(found.means))
    assert 2 <= best[1] <= 5


def test_of_many_names_a_heat_map_has_the_most_frequent():
    names = [*"abcdefghijkl", *"cdefghijkl"]
    runs = [
        {"rank": rank, "lr": name, "wd": rank % 2, "val/accuracy": 0.5}
        for rank, name in enumerate(names, 1)
    ]
    found = heat_map(results_of(runs, parameters=("lr", "wd")), "lr", "wd")
    assert found.x_labels == tuple("cdefghijkl")
    assert np.isfinite(found.means).sum() == 10  # both runs of a name have the same wd


def test_numbers_with_an_infinite_one_are_levels_of_a_heat_map():
    rates = [math.inf, *range(1, 12), math.inf, *range(1, 10)]
    runs = [
        {"rank": rank, "lr": float(rate), "wd": rank % 2, "val/accuracy": 0.5}
        for rank, rate in enumerate(rates, 1)
    ]
    found = heat_map(results_of(runs, parameters=("lr", "wd")), "lr", "wd")
    assert found.x_labels == (*"123456789", "inf")


def test_all_pairs_the_most_important_parameters_first(hundreds):
    results, _ = hundreds
    pairs = parameter_pairs(results)
    order = [name for name in results.importance.parameters if name != "seed"]  # it is no choice
    assert len(order) == len(results.importance.parameters) - 1
    assert pairs[0] == tuple(order[:2])
    assert {frozenset(pair) for pair in pairs} == {
        frozenset((one, other)) for one in order for other in order if one != other
    }
    assert len(pairs) == 6


# --- time ---


def test_duration_and_throughput_by_value():
    def at(seconds):
        return START + pd.Timedelta(seconds=seconds)

    runs = [
        *[{"rank": 1, "start_time": at(10), "duration_seconds": 240.0, "images_per_second": 50.0}],
        *[{"rank": 2, "start_time": at(0), "duration_seconds": 60.0, "images_per_second": 40.0}],
        *[{"rank": 0, "start_time": at(30), "duration_seconds": None, "images_per_second": 20.0}],
    ]
    for run, value in zip(runs, (0.75, 0.5, 0.25), strict=True):
        run["val/accuracy"], run["lr"] = value, 0.1
    results = results_of(runs)
    duration = duration_panel(results)
    assert duration.x.label == "duration of the run, min"
    assert duration.points == (Point("b", 1.0, 0.5), Point("a", 4.0, 0.75))
    throughput = throughput_panel(results)
    assert throughput.x == Axis(
        "time since the first run began, min", "linear", (0.0, pytest.approx(250 / 60))
    )
    assert throughput.bars == (
        Bar("a", pytest.approx(10 / 60), pytest.approx(250 / 60), 50.0),
        Bar("b", 0.0, 1.0, 40.0),
    )


@pytest.mark.parametrize(
    ("seconds", "unit", "shown"),
    [(179.0, "s", 179), (180.0, "min", 3), (10799.0, "min", 10799 / 60), (10800.0, "h", 3)],
)
def test_units_of_time(seconds, unit, shown):
    runs = [{"rank": 1, "lr": 1, "val/accuracy": 0.5, "duration_seconds": seconds}]
    panel = duration_panel(results_of(runs))
    assert panel.x.label == f"duration of the run, {unit}"
    assert panel.points[0].x == shown


def test_runs_of_another_program_have_no_throughput():
    assert throughput_panel(results_of([{"rank": 1, "lr": 1, "val/accuracy": 0.5}])) is None


# --- colours ---


def runs_with(*values):
    return [
        {"rank": rank, "lr": value, "val/accuracy": 0.5} for rank, value in enumerate(values, 1)
    ]


def test_a_few_numbers_have_a_legend():
    key = colouring(results_of(runs_with(0.2, 0.1, 0.2)))
    assert key == Colouring("lr", ("0.1", "0.2"), True, None, {"a": 1, "b": 0, "c": 1})


def test_many_numbers_have_a_colour_bar():
    key = colouring(results_of(runs_with(*np.geomspace(0.001, 1, 7))))
    assert (key.parameter, key.labels, key.bar.scale) == ("lr", (), "log")
    places = [key.places[run_id] for run_id in "abcdefg"]
    assert places == sorted(places)
    assert np.diff(places) == pytest.approx([np.diff(places)[0]] * 6)


def test_of_many_names_the_best_runs_have_colours_of_their_own():
    key = colouring(results_of(runs_with(*"gfedcbag")))
    assert key.labels == ("g", "f", "e", "d", "c", "2 others")
    assert [key.places[run_id] for run_id in "abcdefgh"] == [0, 1, 2, 3, 4, 5, 5, 0]


def test_of_numbers_with_an_infinite_one_the_best_runs_have_colours_of_their_own():
    key = colouring(results_of(runs_with(6.0, 5.0, math.inf, 3.0, 2.0, 1.0, 0.0)))
    assert (key.labels, key.bar) == (("6", "5", "inf", "3", "2", "2 others"), None)
    few = colouring(results_of(runs_with(math.inf, 0.5)))
    assert few == Colouring("lr", ("0.5", "inf"), True, None, {"a": 1, "b": 0})


def test_a_run_that_lacks_the_parameter_has_an_entry():
    key = colouring(results_of(runs_with("[5, 5]", None, "[3, 3]")))
    assert key.labels == ("[3, 3]", "[5, 5]", "none")


def test_where_nothing_varies_all_have_one_colour():
    key = colouring(results_of(runs_with(0.1, 0.1), parameters=()))
    assert (key.parameter, key.labels, key.bar) == (None, (), None)
