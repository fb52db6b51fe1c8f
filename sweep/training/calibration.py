"""Calibrated probabilities: of the answers with 0.9, nine of ten are right.

Scores are divided by one number, the temperature, which changes no answer: Guo et al., On
calibration of modern neural networks, 2017.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

COLDEST, HOTTEST = 0.05, 20.0
WRONG = 10  # answers at least: fewer do not tell how often answers are wrong
PRIOR = 30  # images that speak for the scores as they are
DOUBTFUL = 0.015  # of the validation images
MANY = 300  # images at least: of fewer, too few are doubtful to tell from where on


def temperature(probabilities: NDArray[np.float64], labels: NDArray[Any]) -> float:
    """Return the temperature at which the labels are most probable, or 1 if few answers are wrong.

    Where images are few it stays near 1: probabilities would become 1 if all answers were right.

    Args:
        probabilities: (n, classes) of images that were not trained on, each row with the sum 1.
        labels: (n,) their right classes.
    """
    if (probabilities.argmax(axis=1) != labels).sum() < WRONG:
        return 1.0
    scores = np.log(np.maximum(probabilities, np.finfo(np.float64).tiny))
    rows = np.arange(len(labels))

    def loss(log_temperature: float) -> float:
        scaled = log_softmax(scores / np.exp(log_temperature), axis=1)
        return PRIOR * log_temperature**2 - float(scaled[rows, labels].sum())

    found = minimize_scalar(loss, bounds=np.log((COLDEST, HOTTEST)), method="bounded")
    return float(np.exp(found.x))


def least_probability(calibrated: NDArray[np.float64]) -> float:
    """Return the probability that all but the most doubtful answers reach; 0 for few images.

    Args:
        calibrated: (n, classes) probabilities of images that were not trained on.
    """
    if len(calibrated) < MANY:
        return 0.0
    return float(np.quantile(calibrated.max(axis=1), DOUBTFUL))
