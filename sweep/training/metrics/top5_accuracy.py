"""The share of images whose class is among the first five: ``metrics=[top5_accuracy]``."""

from typing import Any

from sweep.config.metrics import Metric, register

FIRST = 5


def among_the_first(F: Any, scores: Any, labels: Any) -> Any:
    """Count the images whose class has one of the five highest scores."""
    first = F.topk(scores, k=FIRST, axis=1)  # (n, 5)
    return F.sum(F.broadcast_equal(first, F.expand_dims(labels, axis=1)))


register(Metric("top5_accuracy", "max", among_the_first, least_classes=FIRST))
