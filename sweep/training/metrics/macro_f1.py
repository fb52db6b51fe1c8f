"""The mean over classes of their F1 scores: ``metrics=[macro_f1]``."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.config.metrics import Metric, register
from sweep.training.one_hot import one_hot


def counts_of_classes(F: Any, scores: Any, labels: Any) -> Any:
    """Count each class's right answers, its answers and its images: (3, classes)."""
    truth = one_hot(F, labels, scores)
    answers = one_hot(F, F.argmax(scores, axis=1), scores)
    return F.stack(F.sum(truth * answers, axis=0), F.sum(answers, axis=0), F.sum(truth, axis=0))


def mean_f1(counts: NDArray[np.float64], images: int) -> float:
    """Return the mean of 2·right / (answers + images), as scikit-learn's ``f1_score`` has it.

    A class that is neither there nor answered says nothing, and is left out.

    Args:
        counts: what :func:`counts_of_classes` returns, of all images.
        images: their number.
    """
    right, answers, there = counts
    both = answers + there
    known = both > 0
    return float(np.mean(2 * right[known] / both[known]))


register(Metric("macro_f1", "max", counts_of_classes, mean_f1))
