"""The parameter that runs are coloured by: a few colours with names, or a bar of many."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from sweep.reporting.axes import Axis, parameter_axis
from sweep.results.results import Results
from sweep.results.values import are_finite, are_numbers, distinct_values, told_apart

MOST_ENTRIES = 6  # of a legend


@dataclass(frozen=True)
class Colouring:
    """How runs are told apart by colour.

    Attributes:
        parameter: whose values have colours; None if all runs have the same.
        labels: of the legend, in order; none with a colour bar.
        ordered: whether the labels are numbers, whose colours have an order too.
        bar: the axis of the colour bar; None with a legend.
        places: of each run, by its id: the number of its label, or where it is on the bar, 0 to 1.
    """

    parameter: str | None
    labels: tuple[str, ...]
    ordered: bool
    bar: Axis | None
    places: Mapping[str, float]


UNCOLOURED = Colouring(None, (), False, None, {})


def colouring(results: Results) -> Colouring:
    """Return how to colour the runs: by the parameter that varies, the most important of several.

    Numbers have a legend with a few, and else a colour bar. Of many names, and of numbers with an
    infinite one, those of the best runs have colours of their own, and the others share one.
    """
    parameter, runs = results.main_parameter, results.runs
    ids = list(runs["run_id"])
    if parameter is None:
        return UNCOLOURED
    # Only LeNets have model.kernels, say.
    values = [value if pd.notna(value) else "none" for value in runs[parameter]]
    distinct = distinct_values(values)
    if len(distinct) <= MOST_ENTRIES:
        labels = told_apart(distinct)
        places = [float(distinct.index(value)) for value in values]
        return Colouring(parameter, tuple(labels), are_numbers(distinct), None, _by(ids, places))
    if are_finite(distinct):
        bar = parameter_axis(parameter, distinct)
        places = [bar.fraction(bar.place(value)) for value in values]
        return Colouring(parameter, (), True, bar, _by(ids, places))
    best = list(dict.fromkeys(values))[: MOST_ENTRIES - 1]  # runs come in their ranks' order
    labels = [*told_apart(best), f"{len(distinct) - len(best)} others"]
    places = [float([*best, value].index(value)) for value in values]
    return Colouring(parameter, tuple(labels), False, None, _by(ids, places))


def _by(ids: list[str], places: list[float]) -> dict[str, float]:
    return dict(zip(ids, places, strict=True))
