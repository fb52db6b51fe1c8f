"""The generators that a network may draw from: MXNet's own, and those of NumPy and Python."""

import random

import numpy as np

from sweep.backend.mxnet import mx


def seed_generators(seed: int) -> None:
    """Let all that draw from this process's generators draw the same from now on.

    Args:
        seed: any whole number; those with the same last 31 bits are one.
    """
    seed %= 2**31  # what MXNet takes
    mx.random.seed(seed)
    np.random.seed(seed)
    random.seed(seed)
