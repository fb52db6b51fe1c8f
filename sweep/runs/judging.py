"""Calibrates a model on the validation images.

So ``sweep predict`` can say how sure an answer is.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sweep.config.images import Framing
from sweep.data.photographs.judgement import Judgement
from sweep.data.photographs.likeness import usual
from sweep.data.splits import Dataset, Split
from sweep.training.calibration import least_probability, temperature

AT_MOST = 2_000  # images that are looked at, of those to validate and of those to train on


def judgement(
    dataset: Dataset, framing: Framing | None, answer: Callable[[Split], NDArray[np.float64]]
) -> Judgement:
    """Calibrate a model on the validation images, and measure the images that it was trained on.

    Nothing of it is random, and the network stays as it is.

    Args:
        dataset: that it was trained on.
        framing: how its images were made of pictures.
        answer: returns the model's probabilities for a split, (n, classes).
    """
    found = Judgement(framing)
    if framing and framing.ink and dataset.shape[0] == 1:
        found = replace(found, usual=usual(dataset.train.images[some_of(dataset.train.index)]))
    if not len(dataset.val):
        return found
    val = replace(dataset.val, index=some_of(dataset.val.index))
    probabilities = answer(val)
    found = replace(found, temperature=temperature(probabilities, val.labels[val.index]))
    return replace(found, least=least_probability(found.calibrated(probabilities)))


def some_of(index: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return at most so many rows, from all over: a dataset may be sorted by its classes."""
    places = np.linspace(0, len(index) - 1, min(len(index), AT_MOST))
    return index[places.astype(np.intp)]
