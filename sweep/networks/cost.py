"""Estimates from its configuration how much a run computes."""

from sweep.config.images import Shape
from sweep.config.schema import Config

STEP = 2_000_000  # a step's own cost, in multiplications: what calling a batch's kernels takes


def run_cost(config: Config, train_size: int, shape: Shape, classes: int) -> float:
    """Return the work of a run, in multiplications: proportional to its time, roughly.

    Args:
        config: of the run.
        train_size: the number of training images, with those that are held out.
        shape: of an image.
        classes: scores of an image.
    """
    images = train_size - config.dataset.held_out(train_size)
    each = config.model.multiplications(shape, classes) + STEP / config.batch_size
    return config.epochs * images * each
