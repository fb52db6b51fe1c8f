"""A user's metrics as functions of a whole split's labels and scores."""

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.config.metrics import Metric, OfAll, measured_metric
from sweep.config.own_metrics import ALLOWED, OwnMetric, OwnMetrics, is_own, own_metrics
from sweep.config.schema import Config
from sweep.data.splits import Split
from sweep.errors import UserError
from sweep.networks.own_checks import written
from sweep.networks.own_target import find_named
from sweep.own_modules import entered_beside

NUMBERS = (int, float, np.number)


class NoNumber(TypeError):
    """A user's metric has returned something else than a number."""


def metrics_of(config: Config) -> list[Metric]:
    """Return what a run measures besides its loss: those of a user's own, imported, are the last.

    Raises:
        UserError: the user's modules are not those that were tried, or raise.
    """
    found = [measured_metric(name) for name in config.metrics if not is_own(name)]
    own = own_metrics(config.metrics, config.metrics_source, config.metrics_folder)
    return [*found, *_imported(own)] if own else found


def _imported(own: OwnMetrics) -> list[Metric]:
    folder = entered_beside("metrics_source", own.source, own.digest)
    return [made(each, folder) for each in own.chosen]


def made(metric: OwnMetric, folder: Path) -> Metric:
    """Return a user's metric.

    Args:
        metric: how it is named.
        folder: that the user's modules are imported from; it has been entered.

    Raises:
        UserError: there is no such function, or it takes other arguments.
    """
    function = find_named(metric.field, metric.target, folder, ALLOWED)
    at = written(function, folder)
    _check_arguments(metric, function, at)
    return Metric(metric.name, metric.direction, of_all=_as_number(metric, function, at))


def _check_arguments(metric: OwnMetric, function: Callable[..., Any], at: str) -> None:
    try:
        declared = inspect.signature(function)
    except (TypeError, ValueError):  # written in C: it says nothing
        return
    try:
        declared.bind(None, None)
    except TypeError as error:
        raise UserError(
            f"{metric.field}: takes {', '.join(declared.parameters) or 'nothing'}{at}; allowed is "
            "a function of the labels and the scores"
        ) from error


def _as_number(metric: OwnMetric, function: Callable[..., Any], at: str) -> OfAll:
    def measure(labels: NDArray[Any], scores: NDArray[np.float32]) -> float:
        value = function(labels, scores)
        if isinstance(value, np.ndarray) and value.ndim == 0:
            value = value[()]
        if not isinstance(value, NUMBERS) or isinstance(value, np.complexfloating):
            kind = type(value).__name__
            shape = f" {value.shape}" if isinstance(value, np.ndarray) else ""
            raise NoNumber(
                f"{metric.target} returned {kind}{shape}{at}; allowed is a number, or NaN"
            )
        return float(value)

    return measure


def of_split(
    metrics: Sequence[Metric], split: Split, scores: NDArray[np.float32]
) -> dict[str, float]:
    """Return what is measured of a split at once, by the names of the metrics.

    Args:
        metrics: those that are measured by batches are left out.
        split: with the labels.
        scores: (n, outputs) of its images.
    """
    labels = split.labels[split.index]
    if labels.dtype.kind in "iu":
        labels = labels.astype(np.int64)
    # Each gets arrays of its own: what it does to them is nothing to the others.
    return {each.name: each.of_all(labels.copy(), scores.copy()) for each in metrics if each.of_all}
