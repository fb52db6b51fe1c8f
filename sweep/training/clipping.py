"""A trainer that shortens gradients that are too long, all parameters' together."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from sweep.backend.mxnet import gluon, mx, nd


class ClippingTrainer(gluon.Trainer):
    """A trainer that keeps the norm of the mean gradient of a batch at or below a limit.

    The norm is over all parameters together (Pascanu, Mikolov, Bengio 2013). It is waited for, and
    becomes a factor of the update: on a processor that costs a quarter of multiplying the gradients
    themselves, as ``gluon.utils.clip_global_norm`` does.
    """

    def __init__(
        self, parameters: Sequence[gluon.Parameter], optimizer: mx.optimizer.Optimizer, limit: float
    ) -> None:
        """Take what ``gluon.Trainer`` takes, and the most that the norm may be."""
        super().__init__(parameters, optimizer, kvstore=None)
        self._limit = limit
        self._unclipped: float = self._scale

    def step(self, batch_size: int, ignore_stale_grad: bool = False) -> None:
        """Update all parameters, whose gradients are sums over so many images."""
        norm = global_norm(_gradients(self._params)) * self._unclipped / batch_size
        # Where it is not finite nothing is changed: the run is to fail because it has diverged.
        clipped = self._limit < norm < math.inf
        self._scale = self._unclipped * (self._limit / norm if clipped else 1.0)
        super().step(batch_size, ignore_stale_grad)


def global_norm(arrays: Sequence[Any]) -> float:
    """Return the Euclidean norm of all values of these arrays together; waits for them."""
    flat = [each.reshape((-1,)) for each in arrays]
    square = nd.add_n(*[nd.dot(each, each) for each in flat]).asnumpy().item()
    if square == math.inf:  # of float32; the values themselves may be smaller
        values = [each.asnumpy().astype(np.float64) for each in flat]
        square = math.fsum(float(np.dot(each, each)) for each in values)
    return math.sqrt(square)


def _gradients(parameters: Sequence[gluon.Parameter]) -> list[Any]:
    return [each.grad().as_nd_ndarray() for each in parameters if each.grad_req != "null"]
