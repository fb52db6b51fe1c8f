"""A user's metrics tried before anything trains: found, and given labels and scores."""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from sweep.config.own_metrics import OwnMetric, OwnMetrics
from sweep.config.tasks import Task
from sweep.errors import UserError
from sweep.networks.own_copies import tried_from_copies
from sweep.networks.own_target import told
from sweep.training.own_metrics import NoNumber, made

LEAST_ROWS = 16  # of the example
OF_EACH_CLASS = 2  # images in it: some metrics are of classes that are there

# Labels for so many rows and outputs, of each task: classes (n,), or numbers (n, outputs). These
# are from 0 to 1, since many metrics take the logarithm of what is predicted.
LABELS: dict[Task, Callable[[RandomState, int, int], NDArray[Any]]] = {
    "classification": lambda random, rows, outputs: np.arange(rows) % outputs,
    "regression": lambda random, rows, outputs: random.uniform(0.05, 0.95, (rows, outputs)).astype(
        "f"
    ),
}


def tried(own: OwnMetrics, outputs: int, task: Task, keep_in: Path) -> tuple[OwnMetrics, str]:
    """Try a run's metrics; return them with what was found out, and a line about them.

    Args:
        own: as they are named.
        outputs: of the network: classes, or numbers to predict.
        task: what the labels are.
        keep_in: the folder for copies of modules.

    Raises:
        UserError: one cannot be found, or does not return a number, the same each time.
    """
    here = own.source or Path.cwd()
    targets = [each.target for each in own.chosen]
    attempt = partial(_try_all, own.chosen, outputs, task)
    copied = tried_from_copies(own.field, targets, here, keep_in, attempt)
    known = replace(own, digest=copied.source, folder=str(copied.folder))
    return known, f"{own.field}: {copied.note}" if copied.note else ""


def _try_all(chosen: tuple[OwnMetric, ...], outputs: int, task: Task, folder: Path) -> None:
    random, rows = RandomState(0), max(LEAST_ROWS, OF_EACH_CLASS * outputs)
    labels = LABELS[task](random, rows, outputs)
    scores = random.normal(size=(rows, outputs)).astype(np.float32)
    for metric in chosen:
        _try(metric, labels, scores, folder)


def _try(
    metric: OwnMetric, labels: NDArray[Any], scores: NDArray[np.float32], folder: Path
) -> None:
    of_all = made(metric, folder).of_all
    assert of_all  # nosec - as it is made
    given = f"{metric.field}: given {labels.shape} labels and {scores.shape} scores"
    found = []
    for _ in range(2):
        try:
            found.append(of_all(labels.copy(), scores.copy()))
        except NoNumber as error:
            raise UserError(f"{given}: {error}") from error
        except (Exception, SystemExit) as error:  # whatever somebody else's code raises
            raise UserError(f"{given}: {told(error, folder)}") from error
    first, second = found
    if math.isinf(first):
        raise UserError(f"{given}: returned {first}; allowed is a finite number, or NaN")
    if first != second and not (math.isnan(first) and math.isnan(second)):
        raise UserError(
            f"{given} again: returned {second}, and {first} before; allowed is a function that "
            "depends on nothing but these"
        )
