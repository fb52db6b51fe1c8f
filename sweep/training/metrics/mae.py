"""The mean absolute error: ``metrics=[mae]``."""

from typing import Any

from sweep.config.metrics import Metric, register


def absolute_errors(F: Any, scores: Any, labels: Any) -> Any:
    """Add up the images' absolute errors; of several numbers, each image's mean."""
    errors = F.abs(F.BlockGrad(scores) - labels)
    return F.sum(F.mean(errors, axis=1))


register(Metric("mae", "min", absolute_errors, task="regression"))
