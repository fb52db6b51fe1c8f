"""The epoch loop. It knows Gluon; it knows no MLflow and no files."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from sweep.backend.mxnet import autograd, gluon, mx, nd
from sweep.config.choices import OptimizerConfig
from sweep.config.metrics import LEARNING_RATE, Metric
from sweep.data.augment import Transform, seeded
from sweep.data.splits import Split
from sweep.training.batches import Feed, Hosted, as_floats, batch_sums, feed
from sweep.training.clipping import ClippingTrainer
from sweep.training.decay import DECAY
from sweep.training.rates import Rate, set_rate
from sweep.training.selection import EpochRecord

EVALUATION_BATCH = 100
SMALL_IMAGE = 64 * 64  # pixels of an image that so many are measured of at once
BATCHES_AHEAD = 16


def build_trainer(net: gluon.Block, config: OptimizerConfig) -> gluon.Trainer:
    """Return a trainer for the network's parameters."""
    parameters = list(net.collect_params().values())
    DECAY[config.wd_on](parameters)
    optimizer = config.build(len(parameters))
    optimizer.allow_np_array = True  # what the parameters of a network for mxnet.np are
    if config.clip_norm is None:
        return gluon.Trainer(parameters, optimizer, kvstore=None)
    return ClippingTrainer(parameters, optimizer, config.clip_norm)


def train_epochs(
    net: gluon.Block,
    trainer: gluon.Trainer,
    train: Split,
    measured: Mapping[str, Split],
    *,
    metrics: Sequence[Metric],
    batch_size: int,
    seed: int,
    epochs: range,
    context: mx.Context,
    transforms: Sequence[Transform] = (),
    rate: Rate | None = None,
) -> Iterator[EpochRecord]:
    """Train, and yield a record after each epoch, when its parameters are final.

    Args:
        net: with initialised parameters.
        trainer: of the same parameters.
        train: the images to train on.
        measured: splits to measure on after each epoch, as ``val`` and ``test``.
        metrics: what is measured of them, besides the loss.
        batch_size: images a step; the last step of an epoch takes what is left.
        seed: with the epoch's number, it decides the order of that epoch's images, and how they are
            changed.
        epochs: which ones to train, counted from 1; ``range(4, 11)`` goes on after the third.
        context: where the parameters are.
        transforms: changes of the images that are trained on.
        rate: gives each batch's learning rate; None for the trainer's own.
    """
    step = batch_sums(net, metrics, train.images.dtype)
    feeds = _feeds(train, context, transforms, seed)
    evaluations = {
        name: Evaluation(net, split, metrics, context) for name, split in measured.items()
    }

    for epoch in epochs:
        begin = time.perf_counter()
        mx.random.seed((seed * 1_000_003 + epoch) % 2**31)  # for layers that draw while they train
        order = np.random.RandomState([seed, epoch]).permutation(len(train))
        sums, batches = _Sums(metrics), -(-len(order) // batch_size)
        for batch, inputs in enumerate(feeds(epoch).batches(order, batch_size)):
            if rate:
                set_rate(trainer, rate(epoch, batch, batches))
            with autograd.record():
                loss, *others = step(*inputs)
            loss.backward()
            trainer.step(len(inputs[-1]))
            sums.add(loss, *others)
        found = {f"train/{key}": value for key, value in sums.means(len(order)).items()}
        if rate:
            found[LEARNING_RATE] = trainer.learning_rate
        nd.waitall()
        trained = time.perf_counter()
        for name, evaluation in evaluations.items():
            found |= {f"{name}/{key}": value for key, value in evaluation.measure().items()}
        found["epoch_seconds"] = time.perf_counter() - begin
        found["images_per_second"] = len(order) / (trained - begin)
        yield EpochRecord(epoch, found)


def _feeds(
    train: Split, context: mx.Context, transforms: Sequence[Transform], seed: int
) -> Callable[[int], Feed]:
    """Return what gives an epoch's feed. Images that are not changed stay where they are."""
    if transforms:
        return lambda epoch: Hosted(train, context, seeded(transforms, seed, epoch))
    same = feed(train, context)
    return lambda epoch: same


class Evaluation:
    """Measures a network on a split, as often as asked."""

    def __init__(
        self,
        net: gluon.Block,
        split: Split,
        metrics: Sequence[Metric],
        context: mx.Context,
    ) -> None:
        """Put the split on the device."""
        self._step = batch_sums(net, metrics, split.images.dtype)
        self._data, self._size = feed(split, context), _evaluation_batch(split)
        self._order, self._metrics = np.arange(len(split)), metrics

    def measure(self) -> dict[str, float]:
        """Return the mean ``loss``, and each metric, with the network's present parameters."""
        sums = _Sums(self._metrics)
        for inputs in self._data.batches(self._order, self._size):
            sums.add(*self._step(*inputs))
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


def probabilities(net: gluon.Block, split: Split, context: mx.Context) -> NDArray[np.float64]:
    """Return the network's answers to a split's images, (n, classes), each row with the sum 1."""
    floats, scores = as_floats(split.images.dtype), []
    data, size = feed(split, context), _evaluation_batch(split)
    for images, _, *rows in data.batches(np.arange(len(split)), size):
        chosen = nd.take(images, *rows) if rows else images
        scores.append(net(floats(nd, chosen)))
        _limit_queue(scores)
    logits = nd.concat(*scores, dim=0).asnumpy().astype(np.float64)
    shares: NDArray[np.float64] = softmax(logits, axis=1)
    return shares


def _evaluation_batch(split: Split) -> int:
    """Return how many images to measure at once: fewer, the larger they are, to fit in memory."""
    height, width = split.images.shape[-2:]
    return max(1, min(EVALUATION_BATCH, EVALUATION_BATCH * SMALL_IMAGE // (height * width)))


def _limit_queue(results: list[Any]) -> None:
    if len(results) > BATCHES_AHEAD:
        results[-BATCHES_AHEAD].wait_to_read()


def _total(sums: list[Any]) -> float:
    """Return the sum of the batches' sums, (1,) float32 each."""
    return float(nd.concat(*sums, dim=0).asnumpy().sum(dtype=np.float64))
