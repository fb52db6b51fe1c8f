"""How much there is to compute in a run, as far as its configuration tells."""

from itertools import pairwise

from sweep.config.schema import IMAGE_SIDE, TRAIN_IMAGES, Config, LeNet
from sweep.data.splits import CLASSES

STEP = 2_000_000  # a step's own cost, in multiplications: what calling a batch's kernels takes


def workload(config: Config) -> float:
    """Return the work of a run, in multiplications: proportional to its time, roughly."""
    model, images = config.model, TRAIN_IMAGES[config.dataset.name] - config.dataset.val_size
    inputs, total = IMAGE_SIDE**2, 0
    if isinstance(model, LeNet):
        total += model.multiplications(model.channels)
        inputs = model.channels[-1] * model.sides()[-1] ** 2
    total += sum(before * after for before, after in pairwise((inputs, *model.hidden, CLASSES)))
    return config.epochs * images * (total + STEP / config.batch_size)
