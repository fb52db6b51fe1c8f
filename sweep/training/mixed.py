"""Batches of images that are mixed in pairs, and what is added up of them: ``augment.mixup``."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from sweep.backend.mxnet import gluon, mx, nd
from sweep.config.losses import Loss
from sweep.config.metrics import Metric
from sweep.data.mixup import Mixup
from sweep.data.splits import Split
from sweep.training.batches import Change, GraphSums, Hosted, OperatorSums, are_graphs


class MixedFeed(Hosted):
    """A split whose images NumPy mixes. A batch is what :meth:`sweep.data.mixup.Mixup.mix` returns.

    It is good for one epoch.
    """

    def __init__(
        self, split: Split, context: mx.Context, change: Change, mixup: Mixup, rng: RandomState
    ) -> None:
        """Take a split, the device, what is done to images first, and how they are mixed."""
        super().__init__(split, context, change)
        self._mixup, self._rng = mixup, rng

    def arrays(self, rows: NDArray[np.integer[Any]]) -> tuple[NDArray[Any], ...]:
        """Return mixed images, their main and other labels, and the shares of the main ones."""
        images, labels = super().arrays(rows)
        return self._mixup.mix(images, labels, self._rng)


def mixed_sums(
    net: gluon.Block, loss: Loss, metrics: Sequence[Metric], dtype: np.dtype[Any]
) -> "MixedSums | EagerMixedSums":
    """Return what computes the sums of a batch of mixed images, in one graph if that can be."""
    built = loss.build()
    kind = MixedSums if are_graphs(net, built) else EagerMixedSums
    return kind(net, built, metrics, dtype)


class MixedSums(GraphSums):
    """As :class:`sweep.training.batches.BatchSums`, of images that have two labels each.

    The loss is that of both, by their shares. Metrics are those of the main label.
    """

    def hybrid_forward(
        self, F: Any, images: Any, labels: Any, others: Any, shares: Any
    ) -> tuple[Any, ...]:
        """Return the sums, (1,) float32 each, in MXNet's namespace ``F``."""
        scores = self.net(self._as_floats(F, images))  # (n, classes)
        return _sums(F, self.loss, self._sums, scores, (labels, others, shares))


class EagerMixedSums(OperatorSums):
    """The same operator by operator, for a network or a loss that cannot be in a graph."""

    def forward(self, images: Any, labels: Any, others: Any, shares: Any) -> tuple[Any, ...]:
        """Return the sums, (1,) float32 each."""
        scores = self._net(self._as_floats(nd, images))  # (n, classes)
        return _sums(nd, self._loss, self._sums, scores, (labels, others, shares))


def _sums(
    F: Any, loss: Any, batch_sums: Sequence[Any], scores: Any, truth: tuple[Any, Any, Any]
) -> tuple[Any, ...]:
    """Return the sum of the loss, and of each metric, of main and other labels, and their shares.

    Args:
        F: MXNet's namespace.
        loss: of scores and labels: each image's, (n,).
        batch_sums: of metrics.
        scores: (n, classes).
        truth: (n,) each; the shares are those of the main labels.
    """
    main, other = (F.cast(each, "float32") for each in truth[:2])
    shares = truth[2]
    losses = loss(scores, main) * shares + loss(scores, other) * (1 - shares)
    return F.sum(losses), *(batch_sum(F, scores, main) for batch_sum in batch_sums)
