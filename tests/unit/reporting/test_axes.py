import numpy as np
import pandas as pd
import pytest

from sweep.reporting.axes import (
    Axis,
    distinct_values,
    drawn_values,
    epoch_axis,
    metric_axis,
    parameter_axis,
    text,
)


def labels(axis):
    return [label for _, label in axis.ticks]


# --- metrics ---


def test_accuracies_that_are_close_fill_the_axis():
    axis = metric_axis("val/accuracy", [0.97, 0.98, 0.99])
    assert (axis.scale, axis.ticks) == ("linear", ())
    assert axis.limits == pytest.approx((0.969, 0.991))


def test_accuracies_near_1_are_told_apart_beside_a_bad_one():
    """On a linear axis from 0.1 to 0.99, 0.97 to 0.99 would be the last fortieth."""
    axis = metric_axis("val/accuracy", [0.1, 0.97, 0.99])
    assert axis.scale == "error"
    # The axis goes from an error of 1 (0.9 and a margin would be more) to 0.01 and a margin of 5%.
    least = 0.01 / 90**0.05
    expected = [np.log(error) / np.log(least) for error in (0.9, 0.03, 0.01)]
    places = [axis.fraction(value) for value in (0.1, 0.97, 0.99)]
    assert places == pytest.approx(expected)
    assert places[2] - places[1] > 0.2
    assert labels(axis) == ["0.99", "0.98", "0.95", "0.9", "0.8", "0.5", "0"]
    assert [float(label) for label in labels(axis)] == [value for value, _ in axis.ticks]


def test_errors_never_exceed_1():
    assert metric_axis("val/accuracy", [0.0, 0.99]).limits[0] == 0


def test_an_accuracy_of_1_has_a_place_on_the_axis_of_errors():
    axis = metric_axis("train/accuracy", [0.5, 0.99, 1.0])
    assert axis.scale == "error"
    assert axis.fraction(0.5) < axis.fraction(0.99) < axis.fraction(1.0) <= 1
    assert axis.limits[1] < 1


@pytest.mark.parametrize("values", [[1.0, 1.0], [0.5, 1.0], [0.25], [0.9749]])
def test_linear_accuracies_show_no_ticks_beyond_0_and_1(values):
    axis = metric_axis("val/accuracy", values)
    assert axis.scale == "linear"
    low, high = axis.limits
    assert 0 <= low < min(values) <= max(values) < high <= 1 + 0.05 * (1 - low)


def test_losses_of_more_than_a_decade_are_logarithmic():
    axis = metric_axis("val/loss", [2.0, 0.02])
    assert axis.scale == "log"
    assert axis.limits == pytest.approx((0.02 / 100**0.05, 2 * 100**0.05))
    assert axis.ticks == tuple((float(tick), tick) for tick in "0.02 0.05 0.1 0.2 0.5 1 2".split())


def test_losses_within_a_decade_are_linear_and_not_below_0():
    axis = metric_axis("val/loss", [0.1, 0.9])
    assert (axis.scale, axis.limits) == ("linear", pytest.approx((0.06, 0.94)))
    assert metric_axis("val/loss", [0.01, 0.09, 0.0]).limits[0] == 0


def test_one_enormous_loss_does_not_stretch_the_axis():
    axis = metric_axis("train/loss", [2.0, 1.0, 0.5] * 10 + [1e30])
    assert axis.scale == "log"
    assert axis.limits[1] < 1000


def test_what_is_not_finite_does_not_count():
    nan, infinite = float("nan"), float("inf")
    assert metric_axis("val/loss", [nan, 1.0, infinite, 2.0]) == metric_axis("val/loss", [1.0, 2.0])
    assert metric_axis("val/loss", [nan]) == Axis("val/loss", "linear", (0.0, 1.0))
    assert metric_axis("val/loss", []) == Axis("val/loss", "linear", (0.0, 1.0))


@pytest.mark.parametrize("value", [0.0, 5.0, -3.0])
def test_a_single_value_has_an_axis(value):
    low, high = metric_axis("f1", [value]).limits
    assert low <= value < high


def test_epochs_begin_at_1():
    assert epoch_axis(20) == Axis("epoch", "integer", pytest.approx((0.62, 20.38)))
    low, high = epoch_axis(1).limits
    assert low < 1 < high


# --- parameters ---


def test_learning_rates_are_logarithmic_with_their_own_ticks():
    axis = parameter_axis("optim.lr", [0.3, 0.01, 1.0, 0.03, 0.1, 0.1])
    assert axis.scale == "log"
    assert axis.ticks == ((0.01, "0.01"), (0.03, "0.03"), (0.1, "0.1"), (0.3, "0.3"), (1.0, "1"))
    assert axis.place(0.3) == 0.3


def test_many_learning_rates_have_round_ticks():
    axis = parameter_axis("optim.lr", list(np.geomspace(0.001, 3, 50)))
    assert axis.scale == "log"
    assert labels(axis) == ["0.001", "0.01", "0.1", "1"]


def test_doubled_numbers_are_evenly_spaced():
    axis = parameter_axis("batch_size", [32, 64, 128, 256])
    assert (axis.scale, labels(axis)) == ("log", ["32", "64", "128", "256"])
    gaps = np.diff([axis.fraction(value) for value in (32, 64, 128, 256)])
    assert gaps == pytest.approx([gaps[0]] * 3)


def test_close_numbers_are_linear():
    axis = parameter_axis("optim.lr", [0.1, 0.2])
    assert (axis.scale, axis.ticks) == ("linear", ((0.1, "0.1"), (0.2, "0.2")))
    assert axis.limits == pytest.approx((0.095, 0.205))
    assert parameter_axis("seed", [0, 1, 2]).scale == "integer"


def test_ticks_that_would_overlap_are_left_to_round_numbers():
    assert parameter_axis("seed", [10, 11, 79]).ticks == ()


def test_a_0_among_decades_makes_places_of_a_few_numbers():
    axis = parameter_axis("optim.wd", [0.001, 0.0, 0.0001])
    assert axis == Axis(
        "optim.wd",
        "category",
        (-0.5, 2.5),
        ((0.0, "0"), (1.0, "0.0001"), (2.0, "0.001")),
        (0.0, 0.0001, 0.001),
    )
    assert [axis.place(value) for value in (0.0, 0.0001, 0.001)] == [0, 1, 2]


def test_a_0_among_many_decades_is_linear():
    values = [0.0, *np.geomspace(1e-6, 1, 30)]
    assert parameter_axis("optim.wd", values).scale == "linear"


def test_names_are_places():
    axis = parameter_axis("model.hidden", ["[500]", "[128, 64]", "[500]"])
    assert axis.scale == "category"
    assert labels(axis) == ["[128, 64]", "[500]"]
    assert axis.place("[500]") == 1


def test_numbers_with_an_infinite_one_are_places():
    axis = parameter_axis("model.scale", [np.inf, 0.1, 1.0, np.nan])
    assert (axis.scale, labels(axis)) == ("category", ["0.1", "1", "inf"])
    assert [axis.place(value) for value in (0.1, 1.0, np.inf)] == [0, 1, 2]
    assert parameter_axis("model.scale", [0.0, -np.inf]).categories == (-np.inf, 0.0)


@pytest.mark.parametrize("suffix", ["", ".5", "e-05"])
def test_many_numbers_beside_null_are_numbers(suffix):
    texts = [f"{number}{suffix}" for number in range(1, 13)]
    values = drawn_values(pd.Series(["null", None, *texts], dtype=object))
    assert values.isna().tolist() == [True, True, *[False] * 12]
    assert list(values[2:]) == list(map(float, texts))
    assert parameter_axis("optim.clip_norm", list(values[2:])).scale == "log"


@pytest.mark.parametrize(
    "texts",
    [
        [*(str(number) for number in range(11)), "null"],  # few enough for a place each
        [*(str(number) for number in range(12)), "null", "Infinity"],
        [*(str(number) for number in range(12)), "null", "[8]"],
        [*(str(number) for number in range(13))],
        [*range(13), None],
    ],
)
def test_other_values_are_drawn_as_they_are(texts):
    values = pd.Series(texts, dtype=object)
    assert drawn_values(values).equals(values)


def test_numbers_come_before_names():
    assert distinct_values(["null", "10", "3", None, float("nan"), "null"]) == ["3", "10", "null"]
    assert distinct_values(pd.Series([2, pd.NA, 1], dtype="Int64")) == [1, 2]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        *((0.1, "0.1"), (1e-05, "1e-05"), (0.123456, "0.1235"), (1.0, "1"), (128, "128")),
        *((1e9, "1e+09"), ("[128, 64]", "[128, 64]"), (np.float64(20.0), "20"), (True, "True")),
    ],
)
def test_values_are_written_short(value, written):
    assert text(value) == written
