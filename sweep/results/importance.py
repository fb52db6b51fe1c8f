"""Which parameter mattered: permutation importance of a random forest.

L. Breiman, "Random Forests", Machine Learning 45 (2001), https://doi.org/10.1023/A:1010933404324;
as scikit-learn computes it: https://scikit-learn.org/stable/modules/permutation_importance.html
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sweep.results.values import distinct_values

LEAST_RUNS = 12
FOLDS = 5
TREES = 100
REPEATS = 5


@dataclass(frozen=True)
class Importance:
    """How much worse a metric is predicted when one parameter is shuffled among the runs.

    Attributes:
        parameters: the most important first.
        means: the increase of the squared error, as a part of the metric's variance.
        deviations: of the means, over folds and shuffles.
        explained: the part of the variance that the forest predicts of runs it has not seen (R²).
        runs: how many there are.
    """

    parameters: tuple[str, ...]
    means: tuple[float, ...]
    deviations: tuple[float, ...]
    explained: float
    runs: int


@dataclass(frozen=True)
class NotComputed:
    """Why there is no importance."""

    reason: str


def importance(params: pd.DataFrame, values: Sequence[float]) -> Importance | NotComputed:
    """Return how much each parameter matters for a metric.

    The forest is trained on four fifths of the runs, in turn, and the parameters are shuffled in
    the last fifth, so that a parameter that only helps to remember runs does not count.

    Args:
        params: one row a run, one column a parameter; those that always move together count twice.
        values: the metric of each run.
    """
    runs = len(params)
    if params.shape[1] < 2:
        return NotComputed("fewer than two parameters vary, so there is nothing to compare")
    if runs < LEAST_RUNS:
        return NotComputed(
            f"{runs} finished runs are too few to tell; it takes {LEAST_RUNS} or more"
        )
    target = np.asarray(values, dtype=float)
    variance = float(target.var())
    if variance == 0:
        return NotComputed("all runs have the same value")
    # They take longer to import than most reports take to draw.
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.inspection import permutation_importance
    from sklearn.model_selection import KFold

    # A tree splits between values, so their order is all that matters; -1 is for "has none".
    codes = np.column_stack([_codes(params[name]) for name in params])
    errors, shuffled = [], []
    for seen, unseen in KFold(FOLDS, shuffle=True, random_state=0).split(codes):
        forest = RandomForestRegressor(TREES, random_state=0).fit(codes[seen], target[seen])
        errors.append((forest.predict(codes[unseen]) - target[unseen]) ** 2)
        worse = permutation_importance(
            forest,
            codes[unseen],
            target[unseen],
            scoring="neg_mean_squared_error",
            n_repeats=REPEATS,
            random_state=0,
        )
        shuffled.append(worse.importances / variance)
    increases = np.hstack(shuffled)  # (parameters, folds × repeats)
    order = np.argsort(-increases.mean(axis=1), kind="stable")
    return Importance(
        parameters=tuple(str(params.columns[each]) for each in order),
        means=tuple(float(increases[each].mean()) for each in order),
        deviations=tuple(float(increases[each].std()) for each in order),
        explained=1 - float(np.concatenate(errors).mean()) / variance,
        runs=runs,
    )


def _codes(values: "pd.Series[Any]") -> list[int]:
    """Return the place of each value among all; ``null`` comes after the numbers beside it."""
    places = {value: place for place, value in enumerate(distinct_values(values))}
    return [places.get(value, -1) for value in values]


def most_important(params: pd.DataFrame, values: Sequence[float]) -> str:
    """Return the parameter whose values divide a few runs best, the first of equals.

    By the part of the variance that lies between its values, less what as many random groups would
    have: https://en.wikipedia.org/wiki/Coefficient_of_determination#Adjusted_R2

    Args:
        params: one row a run, one column a parameter, at least one.
        values: the metric of each run.
    """
    target = pd.Series(np.asarray(values, dtype=float))
    total = float(((target - target.mean()) ** 2).sum())

    def explained(name: str) -> float:
        codes = pd.factorize(params[name])[0]
        freedom = len(target) - len(set(codes))
        if not freedom:
            return -math.inf  # it is different in every run
        if not total:
            return 0.0
        within = target - target.groupby(codes).transform("mean")
        return 1 - float((within**2).sum()) / freedom / (total / (len(target) - 1))

    return max((str(name) for name in params), key=explained)
