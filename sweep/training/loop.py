"""The epoch loop. It knows Gluon; it knows no MLflow and no files."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from sweep.backend.mxnet import autograd, gluon, mx, nd
from sweep.config.choices import OptimizerConfig
from sweep.config.metrics import Metric
from sweep.data.splits import Split
from sweep.training.selection import EpochRecord

EVALUATION_BATCH = 100
BATCHES_AHEAD = 16


class _Batch(gluon.HybridBlock):
    """A network with its data feed and its sums in one graph, so that a batch is one call.

    Takes images (all, channels, height, width) float32, labels (all,) integers and the batch's rows
    (n,) int32; returns the sum of the softmax cross-entropy over the batch, and that of each
    metric, (1,) float32 each. All images stay on the device; only rows are chosen.
    """

    def __init__(self, net: gluon.HybridBlock, metrics: Sequence[Metric]) -> None:
        super().__init__(prefix="")
        self.net = net
        self.loss = gluon.loss.SoftmaxCrossEntropyLoss()
        self._sums = [each.batch_sum for each in metrics if each.batch_sum]
        self.hybridize(static_alloc=True, static_shape=True)

    def hybrid_forward(self, F: Any, images: Any, labels: Any, rows: Any) -> tuple[Any, ...]:
        truth = F.cast(F.take(labels, rows), "float32")  # (n,)
        scores = self.net(F.take(images, rows))  # (n, classes)
        measured = [batch_sum(F, scores, truth) for batch_sum in self._sums]
        return F.sum(self.loss(scores, truth)), *measured


class _Resident:
    """A split's images and labels on the device: shared memory on the CPU, a copy on a GPU."""

    def __init__(self, split: Split, context: mx.Context) -> None:
        images = nd.from_numpy(split.images)  # shares the memory
        self.images = images.as_in_context(context)
        self.labels = nd.from_numpy(split.labels).as_in_context(context)
        self.index, self.context = split.index, context

    def batches(self, order: np.ndarray[Any, Any], size: int) -> Iterator[tuple[Any, Any, Any]]:
        rows = nd.array(self.index[order], ctx=self.context, dtype="int32")
        for start in range(0, len(order), size):
            yield self.images, self.labels, rows[start : start + size]


def build_trainer(net: gluon.HybridBlock, config: OptimizerConfig) -> gluon.Trainer:
    """Return a trainer for the network's parameters."""
    parameters = list(net.collect_params().values())
    return gluon.Trainer(parameters, config.build(len(parameters)), kvstore=None)


def train_epochs(
    net: gluon.HybridBlock,
    trainer: gluon.Trainer,
    train: Split,
    measured: Mapping[str, Split],
    *,
    metrics: Sequence[Metric],
    batch_size: int,
    seed: int,
    epochs: range,
    context: mx.Context,
) -> Iterator[EpochRecord]:
    """Train, and yield a record after each epoch, when its parameters are final.

    Args:
        net: with initialised parameters.
        trainer: of the same parameters.
        train: the images to train on.
        measured: splits to measure on after each epoch, as ``val`` and ``test``.
        metrics: what is measured of them, besides the loss.
        batch_size: images a step; the last step of an epoch takes what is left.
        seed: with the epoch's number, it decides the order of that epoch's images.
        epochs: which ones to train, counted from 1; ``range(4, 11)`` goes on after the third.
        context: where the parameters are.
    """
    step, data = _Batch(net, metrics), _Resident(train, context)
    evaluations = {
        name: Evaluation(net, split, metrics, context) for name, split in measured.items()
    }

    for epoch in epochs:
        begin = time.perf_counter()
        mx.random.seed((seed * 1_000_003 + epoch) % 2**31)  # for layers that draw while they train
        order = np.random.RandomState([seed, epoch]).permutation(len(train))
        sums = _Sums(metrics)
        for images, labels, rows in data.batches(order, batch_size):
            with autograd.record():
                loss, *others = step(images, labels, rows)
            loss.backward()
            trainer.step(len(rows))
            sums.add(loss, *others)
        found = {f"train/{key}": value for key, value in sums.means(len(order)).items()}
        nd.waitall()
        trained = time.perf_counter()
        for name, evaluation in evaluations.items():
            found |= {f"{name}/{key}": value for key, value in evaluation.measure().items()}
        found["epoch_seconds"] = time.perf_counter() - begin
        found["images_per_second"] = len(order) / (trained - begin)
        yield EpochRecord(epoch, found)


class Evaluation:
    """Measures a network on a split, as often as asked."""

    def __init__(
        self,
        net: gluon.HybridBlock,
        split: Split,
        metrics: Sequence[Metric],
        context: mx.Context,
    ) -> None:
        """Put the split on the device."""
        self._step, self._data = _Batch(net, metrics), _Resident(split, context)
        self._order, self._metrics = np.arange(len(split)), metrics

    def measure(self) -> dict[str, float]:
        """Return the mean ``loss``, and each metric, with the network's present parameters."""
        sums = _Sums(self._metrics)
        for images, labels, rows in self._data.batches(self._order, EVALUATION_BATCH):
            sums.add(*self._step(images, labels, rows))
        return sums.means(len(self._order))


class _Sums:
    """What batches have added up to, by the names of the metrics, the loss first."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._sums: dict[str, list[Any]] = {name: [] for name in _names(metrics)}

    def add(self, *sums: Any) -> None:
        """Add a batch's, (1,) float32 each.

        Waits for an earlier batch, so that a signal is never kept waiting for a whole epoch: MXNet
        runs what it is given later, in threads of its own, and Python handles a signal only when it
        is not inside a call that waits for them.
        """
        for kept, value in zip(self._sums.values(), sums, strict=True):
            kept.append(value)
        _limit_queue(self._sums["loss"])

    def means(self, images: int) -> dict[str, float]:
        """Return each sum divided by the number of images."""
        return {name: _total(kept) / images for name, kept in self._sums.items()}


def _names(metrics: Sequence[Metric]) -> list[str]:
    return ["loss", *(each.name for each in metrics)]


def probabilities(net: gluon.HybridBlock, split: Split, context: mx.Context) -> NDArray[np.float64]:
    """Return the network's answers to a split's images, (n, classes), each row with the sum 1."""
    data, scores = _Resident(split, context), []
    for images, _, rows in data.batches(np.arange(len(split)), EVALUATION_BATCH):
        scores.append(net(nd.take(images, rows)))
        _limit_queue(scores)
    logits = nd.concat(*scores, dim=0).asnumpy().astype(np.float64)
    shares: NDArray[np.float64] = softmax(logits, axis=1)
    return shares


def _limit_queue(results: list[Any]) -> None:
    if len(results) > BATCHES_AHEAD:
        results[-BATCHES_AHEAD].wait_to_read()


def _total(sums: list[Any]) -> float:
    """Return the sum of the batches' sums, (1,) float32 each."""
    return float(nd.concat(*sums, dim=0).asnumpy().sum(dtype=np.float64))
