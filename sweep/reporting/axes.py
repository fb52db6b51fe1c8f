"""The axes of figures: which scale, from where to where, with which ticks."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from sweep.config.metrics import direction_of
from sweep.errors import UserError
from sweep.results.values import (
    are_finite,
    distinct_values,
    numbers_beside_null,
    text,
    told_apart,
)

Scale = Literal["linear", "integer", "log", "error", "category"]

DECADE = 10.0
DOUBLINGS = 8.0  # parameters are often doubled: 32, 64, 128, 256
MARGIN = 0.05  # of an axis, before the first value and after the last
MOST_TICKS = 7
MOST_CATEGORIES = 12
OUTLIER = 100.0  # a loss that is so many times what most are does not stretch the axis


@dataclass(frozen=True)
class Axis:
    """An axis.

    Attributes:
        label: what it shows.
        scale: ``integer`` is linear, with whole numbers at its ticks; ``error`` is for accuracies:
            the logarithm of what they lack to 1, the best on top; ``category`` has names in places
            0, 1, 2, ….
        limits: the first and the last value, or place, that it shows.
        ticks: value or place, and what is written there; empty: round numbers.
        categories: the values of a category's places, where they are to be found by value.
    """

    label: str
    scale: Scale
    limits: tuple[float, float]
    ticks: tuple[tuple[float, str], ...] = ()
    categories: tuple[Any, ...] = ()

    def place(self, value: object) -> float:
        """Return where a value belongs: itself, or the place of a category."""
        return self.categories.index(value) if self.categories else float(str(value))

    def fraction(self, value: float) -> float:
        """Return how far along the axis a value is: 0 at its begin, 1 at its end."""
        low, high = (self._stretched(each) for each in self.limits)
        return min(max((self._stretched(value) - low) / (high - low), 0.0), 1.0)

    def _stretched(self, value: float) -> float:
        if self.scale == "log":
            return math.log(max(value, self.limits[0]))
        if self.scale == "error":
            return -math.log(max(1 - value, 1 - self.limits[1]))
        return value


def metric_axis(metric: str, values: Iterable[float]) -> Axis:
    """Return an axis for values of a metric.

    Where they span a decade, losses are drawn by their logarithm, and accuracies by that of what
    they lack to 1, or those of good runs would be squashed against the top.
    """
    found = np.array([value for value in values if math.isfinite(value)])
    if not len(found):
        return Axis(metric, "linear", (0.0, 1.0))
    low, high = float(found.min()), float(found.max())
    if is_share(metric, (low, high)):
        errors = 1 - found
        most = float(errors.max())
        least = float(errors[errors > 1e-12].min(initial=most))
        if most >= DECADE * least > 0:
            if high == 1:
                least /= 2  # without any error: as far above the least
            best, worst = _padded_log(least, most)
            return Axis(metric, "error", (1 - min(worst, 1.0), 1 - best), _error_ticks(best, worst))
        low, high = _padded(low, high)
        low = max(low, 0.0)
        return Axis(metric, "linear", (low, min(high, 1 + MARGIN * (1 - low))))
    if low > 0 and high >= DECADE * low:
        high = min(high, OUTLIER * float(np.quantile(found, 0.9)))
        return _log_axis(metric, low, high)
    return Axis(metric, "linear", _not_below_zero(low, high))


def is_share(metric: str, limits: tuple[float, float]) -> bool:
    """Return whether a metric, with values between these, is a part of 1, which is the best."""
    try:
        direction = direction_of(metric)
    except UserError:  # a metric of the user's own, or none at all, as a duration
        return False
    return direction == "max" and limits[0] >= 0 and limits[1] <= 1


def linear_axis(label: str, values: Iterable[float]) -> Axis:
    """Return an axis for differences: linear, with 0 on it."""
    found = [value for value in values if math.isfinite(value)]
    return Axis(label, "linear", _padded(min([0.0, *found]), max([0.0, *found])))


def epoch_axis(last: int) -> Axis:
    """Return an axis for epochs, from 1."""
    margin = 0.02 * max(last - 1, 1)
    return Axis("epoch", "integer", (1 - margin, max(last, 2) + margin))


def drawn_values(values: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return a parameter's values as an axis can have them.

    Numbers beside ``null`` that are too many for places of their own are numbers again, and what
    was ``null`` is missing: it has no place among them.
    """
    numbers = numbers_beside_null(values)
    are_many = len(numbers) >= MOST_CATEGORIES
    return values.map(numbers) if are_many and are_finite([*numbers.values()]) else values


def parameter_axis(parameter: str, values: Sequence[Any]) -> Axis:
    """Return an axis for the values of a parameter.

    Numbers that span three doublings or more have a logarithmic axis; names, numbers with an
    infinite one among them, and a few that would need one but for a 0, are evenly spaced.
    """
    distinct = distinct_values(values)
    if not are_finite(distinct):
        return _category_axis(parameter, distinct)
    numbers = [float(str(value)) for value in distinct]
    low, high = numbers[0], numbers[-1]
    positive = [value for value in numbers if value > 0]
    wide = bool(positive) and high >= DOUBLINGS * positive[0]
    if low == 0 and wide and len(numbers) <= MOST_CATEGORIES:
        return _category_axis(parameter, distinct)
    if low > 0 and wide:
        axis = _log_axis(parameter, low, high)
    else:
        whole = all(value == round(value) for value in numbers)
        axis = Axis(parameter, "integer" if whole else "linear", _padded(low, high))
    places = [axis.fraction(value) for value in numbers]
    gaps = [after - before for before, after in zip(places, places[1:], strict=False)]
    if len(numbers) <= MOST_TICKS and min(gaps, default=1.0) > 0.08:
        ticks = tuple(zip(numbers, told_apart(numbers), strict=True))
        return Axis(parameter, axis.scale, axis.limits, ticks)
    return axis


def _category_axis(label: str, distinct: Sequence[object]) -> Axis:
    ticks = tuple((float(place), name) for place, name in enumerate(told_apart(distinct)))
    return Axis(label, "category", (-0.5, len(distinct) - 0.5), ticks, tuple(distinct))


def _log_axis(label: str, low: float, high: float) -> Axis:
    limits = _padded_log(low, high)
    return Axis(label, "log", limits, tuple((value, text(value)) for value in _log_ticks(*limits)))


def _padded(low: float, high: float) -> tuple[float, float]:
    margin = MARGIN * (high - low) or 0.05 * abs(high) or 0.05
    return low - margin, high + margin


def _not_below_zero(low: float, high: float) -> tuple[float, float]:
    begin, end = _padded(low, high)
    return (max(begin, 0.0) if low >= 0 else begin), end


def _padded_log(low: float, high: float) -> tuple[float, float]:
    margin = (high / low) ** MARGIN
    return low / margin, high * margin


def _log_ticks(low: float, high: float) -> list[float]:
    """Return round values, as 1, 2, 5, 10, or as 1, 10, 100 where these are too many."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps, every in (((1, 2, 5), 1), ((1, 3), 1), ((1,), 1), ((1,), 2), ((1,), 4)):
        ticks = [float(f"{step}e{decade}") for decade in decades[::every] for step in steps]
        ticks = [tick for tick in ticks if low <= tick <= high]
        if len(ticks) <= MOST_TICKS:
            break
    return ticks


def _error_ticks(best: float, worst: float) -> tuple[tuple[float, str], ...]:
    return tuple((1 - error, f"{1 - error:.12g}") for error in _log_ticks(best, worst))
