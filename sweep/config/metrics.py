"""The metrics that are known by name: which end is better, and how they are measured.

A metric's full name has the split in front, as in ``val/accuracy``; times have none.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sweep.config.registry import Registry
from sweep.config.tasks import Task
from sweep.errors import UserError, nearest

Direction = Literal["max", "min"]
DIRECTIONS: tuple[Direction, ...] = ("max", "min")

# Of MXNet's namespace F, the network's scores (n, outputs) float32, and the labels, (n,) float32 of
# classes or (n, outputs) float32 of numbers: a sum over the batch, float32 of any shape.
BatchSum = Callable[[Any, Any, Any], Any]
# Of what batches have added up to, float64, and the number of images: the value of the metric.
Finish = Callable[[NDArray[np.float64], int], float]
# Of a whole split's labels, (n,) int64 of classes or (n, outputs) float32 of numbers, and the
# network's scores (n, outputs) float32: the value of the metric, which may be NaN.
OfAll = Callable[[NDArray[Any], NDArray[np.float32]], float]
AT = "@"  # in how a user's own metric is named, before its direction


def mean(total: NDArray[np.float64], images: int) -> float:
    """Return a sum over images, (1,), divided by their number."""
    return float(total.item()) / images


@dataclass(frozen=True)
class Metric:
    """What is measured.

    Attributes:
        name: without the split, as in ``accuracy``.
        direction: which end is better.
        batch_sum: what is summed over batches; None for what is measured otherwise.
        finish: makes the metric of that sum: for most, their mean.
        task: that it is for.
        least_classes: that there have to be.
        of_all: what is measured of a whole split at once instead, and not of what is trained on.
    """

    name: str
    direction: Direction
    batch_sum: BatchSum | None = None
    finish: Finish = mean
    task: Task = "classification"
    least_classes: int = 1
    of_all: OfAll | None = None


METRICS: Registry[Metric] = Registry("metrics", "sweep.training.metrics")
SPLITS = ("train", "val", "test")
CPU_SECONDS, PEAK_MEMORY = "cpu_seconds", "peak_memory_mib"
OF_A_RUN = ("best_epoch", CPU_SECONDS, PEAK_MEMORY)  # and of no epoch: they have no curve
OF_THE_MACHINE = ("epoch_seconds", "images_per_second", CPU_SECONDS, PEAK_MEMORY)
AT_BEST = "_at_best/"  # in the name of a metric's value at the best epoch
LEARNING_RATE = "lr"  # of an epoch's last batch; no measure of a run, and so neither end is better


def register(metric: Metric) -> None:
    """Make a metric known by its name."""
    METRICS.register(metric.name, metric)


register(Metric("loss", "min"))
register(Metric("epoch_seconds", "min"))
register(Metric("images_per_second", "max"))
register(Metric(CPU_SECONDS, "min"))
register(Metric(PEAK_MEMORY, "min"))


def metrics_for(task: Task) -> list[str]:
    """Return the names of the metrics that can be measured on each batch of a task."""
    return [each.name for each in METRICS.choices() if each.batch_sum and each.task == task]


def measured_metric(name: str) -> Metric:
    """Return a metric that a run can be told to measure on each batch, as ``accuracy``.

    Raises:
        UserError: there is none of this name.
    """
    known = {each.name: each for each in METRICS.choices() if each.batch_sum}
    if name not in known:
        raise UserError(
            f"metrics=[{name}]{nearest(name, known)}: allowed is a list of {', '.join(known)}, "
            "and of functions of your own, as in my_metrics.f2@max"
        )
    return known[name]


def short_name(text: str) -> str:
    """Return the name under which a metric is recorded: ``f2`` of ``my_metrics.f2@max``."""
    return text.partition(AT)[0].rpartition(".")[2] if AT in text else text


def direction_of(name: str, measured: Iterable[str] = ()) -> Direction:
    """Return whether more of a metric is better (``max``) or less (``min``).

    Args:
        name: with its split, if it has one: ``val/loss``, ``epoch_seconds``.
        measured: what ``metrics`` is of the runs, where a user's own say which end is better.

    Raises:
        UserError: the metric is not known, or runs have two of this name that differ in it.
    """
    metric = name.rpartition("/")[2]
    own = {each.partition(AT)[2] for each in measured if AT in each and short_name(each) == metric}
    if len(own) > 1:
        raise UserError(
            f"metric {name}: more of it is better in some runs, and less in others; say which end "
            "is with --direction max or min"
        )
    for direction in DIRECTIONS:
        if direction in own:
            return direction
    known = METRICS.get(metric)
    if known is None:
        raise UserError(f"metric {name}: say which end is better with --direction max or min")
    return known.direction


def at_best(name: str) -> str:
    """Return the name under which a metric's value at the best epoch is recorded.

    ``val_at_best/accuracy`` for ``val/accuracy``: MLflow draws it apart from the curves.
    """
    return name.replace("/", AT_BEST)


def is_at_best(name: str) -> bool:
    """Return whether a metric is recorded under a name that :func:`at_best` returns."""
    return AT_BEST in name
