"""The root of the mean squared error: ``metrics=[rmse]``."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.config.metrics import Metric, mean, register


def squared_errors(F: Any, scores: Any, labels: Any) -> Any:
    """Add up the images' squared errors; of several numbers, each image's mean."""
    errors = F.square(F.BlockGrad(scores) - labels)
    return F.sum(F.mean(errors, axis=1))


def root_of_mean(total: NDArray[np.float64], images: int) -> float:
    """Return the root of the mean over all images."""
    return math.sqrt(mean(total, images))


register(Metric("rmse", "min", squared_errors, root_of_mean, task="regression"))
