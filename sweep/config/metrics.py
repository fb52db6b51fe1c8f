"""The metrics that are known by name: which end is better, and how they are measured.

A metric's full name has the split in front, as in ``val/accuracy``; times have none.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from sweep.config.registry import Registry
from sweep.errors import UserError, nearest

Direction = Literal["max", "min"]
DIRECTIONS: tuple[Direction, ...] = ("max", "min")

# Of MXNet's namespace F, the network's scores (n, classes) float32, and the labels (n,) float32:
# the sum over the batch, (1,) float32.
BatchSum = Callable[[Any, Any, Any], Any]


@dataclass(frozen=True)
class Metric:
    """What is measured.

    Attributes:
        name: without the split, as in ``accuracy``.
        direction: which end is better.
        batch_sum: how it is measured: summed over batches, then divided by the number of images;
            None for what is measured otherwise.
    """

    name: str
    direction: Direction
    batch_sum: BatchSum | None = None


METRICS: Registry[Metric] = Registry("metrics")
SPLITS = ("train", "val", "test")
LEARNING_RATE = "lr"  # of an epoch's last batch; no measure of a run, and so neither end is better


def register(metric: Metric) -> None:
    """Make a metric known by its name."""
    METRICS.register(metric.name, metric)


def _right_answers(F: Any, scores: Any, labels: Any) -> Any:
    return F.sum(F.argmax(scores, axis=1) == labels)


register(Metric("loss", "min"))
register(Metric("accuracy", "max", _right_answers))
register(Metric("epoch_seconds", "min"))
register(Metric("images_per_second", "max"))


def measured_metric(name: str) -> Metric:
    """Return a metric that a run can be told to measure on each batch, as ``accuracy``.

    Raises:
        UserError: there is none of this name.
    """
    known = {each.name: each for each in METRICS.choices() if each.batch_sum}
    if name not in known:
        raise UserError(
            f"metrics=[{name}]{nearest(name, known)}: allowed is a list of {', '.join(known)}"
        )
    return known[name]


def direction_of(name: str) -> Direction:
    """Return whether more of a metric is better (``max``) or less (``min``).

    Args:
        name: with its split, if it has one: ``val/loss``, ``epoch_seconds``.

    Raises:
        UserError: the metric is not known.
    """
    metric = name.rpartition("/")[2]
    known = METRICS.get(metric)
    if known is None:
        raise UserError(f"metric {name}: say which end is better with --direction max or min")
    return known.direction


def at_best(name: str) -> str:
    """Return the name under which a metric's value at the best epoch is recorded.

    ``val_at_best/accuracy`` for ``val/accuracy``: MLflow draws it apart from the curves.
    """
    return name.replace("/", "_at_best/")
