"""How a batch gets into the graph that trains, and what that graph adds up.

Images lie on the device, where the graph chooses a batch's rows. Where that is not possible NumPy
chooses them: MXNet 1.9.1 refuses arrays of 2³¹ values, and images that are augmented are new ones.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sweep.backend.mxnet import gluon, mx, nd
from sweep.config.losses import Loss
from sweep.config.metrics import Metric
from sweep.data.splits import Split
from sweep.errors import UserError

MOST_VALUES = 2**31 - 2  # of one of MXNet's arrays

Change = Callable[[NDArray[Any]], NDArray[Any]]  # of a batch of images, (n, channels, h, w)


def batch_sums(
    net: gluon.Block, loss: Loss, metrics: Sequence[Metric], dtype: np.dtype[Any]
) -> "BatchSums | EagerSums":
    """Return what computes a batch's sums: in one graph, if network and loss can be in it."""
    built = loss.build()
    kind = BatchSums if are_graphs(net, built) else EagerSums
    return kind(net, built, metrics, dtype)


def are_graphs(*blocks: gluon.Block) -> bool:
    """Return whether all of these can be in one graph."""
    return all(isinstance(each, gluon.HybridBlock) for each in blocks)


class GraphSums(gluon.HybridBlock):
    """A network with what is added up of its batches, in one graph."""

    def __init__(
        self,
        net: gluon.HybridBlock,
        loss: gluon.HybridBlock,
        metrics: Sequence[Metric],
        dtype: np.dtype[Any],
    ) -> None:
        """Take the network, its loss, what else is measured, and the type of the images."""
        super().__init__(prefix="")
        self.net = net
        self.loss = loss
        self._sums = [each.batch_sum for each in metrics if each.batch_sum]
        self._as_floats = as_floats(dtype)
        self.hybridize(static_alloc=True, static_shape=True)


class OperatorSums(gluon.Block):
    """The same operator by operator, for a network or a loss that cannot be in a graph."""

    def __init__(
        self, net: gluon.Block, loss: gluon.Block, metrics: Sequence[Metric], dtype: np.dtype[Any]
    ) -> None:
        """Take the network, its loss, what else is measured, and the type of the images."""
        super().__init__(prefix="")
        if isinstance(net, gluon.HybridBlock):  # the loss alone is no graph
            net.hybridize(static_alloc=True, static_shape=True)
        self._net = net
        self._loss = loss
        self._sums = [each.batch_sum for each in metrics if each.batch_sum]
        self._as_floats = as_floats(dtype)


class BatchSums(GraphSums):
    """A network with its data feed and its sums in one graph, so that a batch is one call.

    Takes images (n, channels, height, width), labels, (n,) integers of classes or (n, outputs)
    float32 of numbers, and the rows to choose from both, (batch,) int32, unless they are the batch
    itself. Returns the sum of the loss over the batch, (1,) float32, and that of each metric.
    """

    def hybrid_forward(self, F: Any, images: Any, labels: Any, rows: Any = None) -> tuple[Any, ...]:
        """Return the sums, in MXNet's namespace ``F``."""
        if rows is not None:
            images, labels = F.take(images, rows), F.take(labels, rows)
        truth = F.cast(labels, "float32")  # (n,), or (n, outputs)
        scores = self.net(self._as_floats(F, images))  # (n, outputs)
        measured = [batch_sum(F, scores, truth) for batch_sum in self._sums]
        return F.sum(self.loss(scores, truth)), *measured


class EagerSums(OperatorSums):
    """The same for a network or a loss that cannot be in a graph."""

    def forward(self, images: Any, labels: Any, rows: Any = None) -> tuple[Any, ...]:
        """Return the sums."""
        if rows is not None:
            images, labels = nd.take(images, rows), nd.take(labels, rows)
        truth = nd.cast(labels, "float32")  # (n,), or (n, outputs)
        scores = self._net(self._as_floats(nd, images))  # (n, outputs)
        measured = [batch_sum(nd, scores, truth) for batch_sum in self._sums]
        return nd.sum(self._loss(scores, truth)), *measured


def as_floats(dtype: np.dtype[Any]) -> Callable[[Any, Any], Any]:
    """Return what makes float32 of images of this type, given MXNet's namespace and the images.

    uint8 becomes 0 to 1 by a division, which has NumPy's bits; a product with 1/255 has not.

    Raises:
        UserError: images are of another type.
    """
    if dtype not in _AS_FLOATS:
        known = " and ".join(map(str, _AS_FLOATS))
        raise UserError(f"the images are {dtype}: allowed are {known}, as a dataset returns them")
    return _AS_FLOATS[dtype]


_AS_FLOATS: dict[np.dtype[Any], Callable[[Any, Any], Any]] = {
    np.dtype(np.uint8): lambda F, images: F.cast(images, "float32") / 255,
    np.dtype(np.float32): lambda F, images: images,
}


class Feed(Protocol):
    """Where a split's batches come from.

    Attributes:
        at_once: batches that may be waited for together: few, if each of them holds its images.
    """

    at_once: int

    def batches(self, order: NDArray[np.integer[Any]], size: int) -> Iterator[tuple[Any, ...]]:
        """Yield what :class:`BatchSums` takes, for batches of this size.

        Args:
            order: numbers of the split's images, from 0.
            size: of a batch; the last has what is left.
        """


class Resident:
    """A split's images and labels on the device: shared memory on the CPU, a copy on a GPU."""

    at_once = 64

    def __init__(self, split: Split, context: mx.Context) -> None:
        """Put them there."""
        images = nd.from_numpy(split.images)  # shares the memory
        self.images = images.as_in_context(context)
        self.labels = nd.from_numpy(split.labels).as_in_context(context)
        self.index, self.context = split.index, context

    def batches(self, order: NDArray[np.integer[Any]], size: int) -> Iterator[tuple[Any, ...]]:
        """Yield all images, all labels, and a batch's rows (n,) int32."""
        rows = nd.array(self.index[order], ctx=self.context, dtype="int32")
        for start in range(0, len(order), size):
            yield self.images, self.labels, rows[start : start + size]


class Hosted:
    """A split whose rows NumPy chooses, and may change, before they go to the device."""

    at_once = 8

    def __init__(
        self, split: Split, context: mx.Context, change: Change = np.ascontiguousarray
    ) -> None:
        """Take a split, the device, and what is done to each batch of images."""
        self._split, self._context, self._change = split, context, change

    def batches(self, order: NDArray[np.integer[Any]], size: int) -> Iterator[tuple[Any, ...]]:
        """Yield a batch's images (n, channels, height, width), and its labels (n,)."""
        index = self._split.index[order]
        for start in range(0, len(order), size):
            arrays = map(np.ascontiguousarray, self.arrays(index[start : start + size]))
            yield tuple(nd.from_numpy(each).as_in_context(self._context) for each in arrays)

    def arrays(self, rows: NDArray[np.integer[Any]]) -> tuple[NDArray[Any], ...]:
        """Return the images of these rows, as they are changed, and their labels."""
        return self._change(np.asarray(self._split.images[rows])), self._split.labels[rows]


def feed(split: Split, context: mx.Context) -> Feed:
    """Return the faster feed of those that can hold the split's images."""
    kind = Resident if split.images.size <= MOST_VALUES else Hosted
    return kind(split, context)
