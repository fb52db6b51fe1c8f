"""Classes as rows of ones and zeros, in MXNet's namespace ``F``: in a graph or eagerly."""

from typing import Any


def one_hot(F: Any, classes: Any, scores: Any) -> Any:
    """Return (n, classes) float32: 1 in the place of each row's class, 0 elsewhere.

    MXNet's own ``one_hot`` has to be told how many classes there are, which a graph does not know
    before it is given scores.

    Args:
        F: MXNet's namespace.
        classes: (n,) float32, whole numbers from 0.
        scores: (n, classes) of any type, which only says how many there are.
    """
    numbers = F.contrib.arange_like(scores, axis=1)  # (classes,)
    return F.broadcast_equal(F.expand_dims(classes, axis=1), F.expand_dims(numbers, axis=0))
