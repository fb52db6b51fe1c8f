"""The learning rate of each batch."""

from collections.abc import Callable

from sweep.backend.mxnet import gluon
from sweep.config.schedules import Schedule

# Of an epoch, from 1, a batch of it, from 0, and the number of batches: the rate.
Rate = Callable[[int, int, int], float]


def rate_of(schedule: Schedule, lr: float, epochs: int) -> Rate | None:
    """Return what gives each batch's rate; None where it stays as it is.

    Args:
        schedule: of the run.
        lr: what its factors multiply.
        epochs: of the run, not only those that are missing.
    """
    if not schedule.varies:
        return None
    return lambda epoch, batch, batches: lr * schedule.factor(epoch, batch, batches, epochs)


def set_rate(trainer: gluon.Trainer, rate: float) -> None:
    """Let the trainer's next step be with this rate."""
    if rate != trainer.learning_rate:
        trainer.set_learning_rate(rate)
