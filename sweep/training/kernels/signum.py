"""Signum, with the same formula for every momentum."""

from typing import Any

from sweep.backend.mxnet import mx, nd


class AlikeSignum(mx.optimizer.Signum):
    """MXNet's Signum, which keeps a momentum also where it is 0.

    MXNet takes another kernel there, which does not add the weight decay to the gradient, but takes
    it off the weights.
    """

    def create_state(self, index: int, weight: Any) -> Any:
        """Return zeros of the weight's shape."""
        return nd.zeros(weight.shape, weight.context, dtype=weight.dtype)
