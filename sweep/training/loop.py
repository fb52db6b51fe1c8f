"""The epoch loop. It knows Gluon; it knows no MLflow and no files."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from sweep.backend.mxnet import autograd, gluon, mx, nd
from sweep.backend.seeding import seed_generators
from sweep.config.losses import Loss
from sweep.config.metrics import LEARNING_RATE, Metric, mean
from sweep.config.optimizers import OptimizerConfig
from sweep.data.augment import Transform, seeded
from sweep.data.mixup import Mixup
from sweep.data.splits import Split
from sweep.training.batches import Feed, Hosted, as_floats, batch_sums, feed
from sweep.training.clipping import ClippingTrainer
from sweep.training.decay import DECAY
from sweep.training.lead import Lead
from sweep.training.mixed import MixedFeed, mixed_sums
from sweep.training.own_metrics import of_split
from sweep.training.rates import Rate, set_rate
from sweep.training.selection import EpochRecord

EVALUATION_BATCH = 100
SMALL_IMAGE = 64 * 64  # pixels of an image that so many are measured of at once


def build_trainer(net: gluon.Block, config: OptimizerConfig) -> gluon.Trainer:
    """Return a trainer for the network's parameters."""
    # What is frozen may have a gradient: see sweep/networks/frozen.py.
    parameters = [each for each in net.collect_params().values() if each.lr_mult]
    DECAY[config.wd_on](parameters)
    optimizer = config.build(len(parameters))
    optimizer.allow_np_array = True  # what the parameters of a network for mxnet.np are
    if config.clip_norm is None:
        return gluon.Trainer(parameters, optimizer, kvstore=None)
    return ClippingTrainer(parameters, optimizer, config.clip_norm)


def seed_layers(seed: int, epoch: int) -> None:
    """Let layers draw the same in the same epoch, whatever was drawn before."""
    seed_generators(seed * 1_000_003 + epoch)


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
    loss: Loss,
    transforms: Sequence[Transform] = (),
    mixup: Mixup | None = None,
    rate: Rate | None = None,
) -> Iterator[EpochRecord]:
    """Train, and yield a record after each epoch, when its parameters are final.

    Args:
        net: with initialised parameters.
        trainer: of the same parameters.
        train: the images to train on.
        measured: splits to measure on after each epoch, as ``val`` and ``test``.
        metrics: what is measured of them, besides the loss; of what is trained on, those that are
            summed over batches.
        batch_size: images a step; the last step of an epoch takes what is left.
        seed: with the epoch's number, it decides the order of that epoch's images, and how they are
            changed.
        epochs: which ones to train, counted from 1; ``range(4, 11)`` goes on after the third.
        context: where the parameters are.
        loss: what is made small.
        transforms: changes of the images that are trained on.
        mixup: how they are mixed in pairs then; None for not at all.
        rate: gives each batch's learning rate; None for the trainer's own.
    """
    with context:  # where a loss puts its constants
        step = (mixed_sums if mixup else batch_sums)(net, loss, metrics, train.images.dtype)
    feeds = _feeds(train, context, seed, transforms, mixup)
    evaluations = {
        name: Evaluation(net, split, metrics, context, loss) for name, split in measured.items()
    }

    for epoch in epochs:
        begin = time.perf_counter()
        seed_layers(seed, epoch)
        order = np.random.RandomState([seed, epoch]).permutation(len(train))
        data, batches = feeds(epoch), -(-len(order) // batch_size)
        sums = _Sums(metrics, data)
        for batch, inputs in enumerate(data.batches(order, batch_size)):
            if rate:
                set_rate(trainer, rate(epoch, batch, batches))
            with autograd.record():
                total, *others = step(*inputs)
            total.backward()
            trainer.step(len(inputs[-1]))
            sums.add(total, *others)
        found = {f"train/{key}": value for key, value in sums.values(len(order)).items()}
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
    train: Split,
    context: mx.Context,
    seed: int,
    transforms: Sequence[Transform],
    mixup: Mixup | None,
) -> Callable[[int], Feed]:
    """Return what gives an epoch's feed. Images that are not changed stay where they are."""
    if mixup:
        return lambda epoch: MixedFeed(
            train, context, seeded(transforms, seed, epoch), mixup, mixup.generator(seed, epoch)
        )
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
        loss: Loss,
    ) -> None:
        """Put the split on the device."""
        with context:
            self._step = batch_sums(net, loss, metrics, split.images.dtype)
        self._data, self._size = feed(split, context), _evaluation_batch(split)
        self._order, self._metrics = np.arange(len(split)), metrics
        self._net, self._split = net, split

    def measure(self) -> dict[str, float]:
        """Return the mean ``loss``, and each metric, with the network's present parameters."""
        sums = _Sums(self._metrics, self._data)
        for inputs in self._data.batches(self._order, self._size):
            sums.add(*self._step(*inputs))
        found = sums.values(len(self._order))
        if any(each.of_all for each in self._metrics):
            scores = _scores(self._net, self._split, self._data)
            found |= of_split(self._metrics, self._split, scores)
        return found


class _Sums:
    """What batches have added up to, by the names of the metrics, the loss first."""

    def __init__(self, metrics: Sequence[Metric], data: Feed) -> None:
        summed = {each.name: each.finish for each in metrics if each.batch_sum}
        self._finish = {"loss": mean, **summed}
        self._sums: dict[str, list[Any]] = {name: [] for name in self._finish}
        self._lead = Lead(data.at_once)

    def add(self, *sums: Any) -> None:
        """Add a batch's, float32 of any shape each, but always of the same."""
        for kept, value in zip(self._sums.values(), sums, strict=True):
            kept.append(value)
        self._lead.keep(self._sums["loss"])

    def values(self, images: int) -> dict[str, float]:
        """Return what becomes of each sum over so many images: for most, their mean."""
        return {name: self._finish[name](_total(kept), images) for name, kept in self._sums.items()}


def probabilities(net: gluon.Block, split: Split, context: mx.Context) -> NDArray[np.float64]:
    """Return the network's answers to a split's images, (n, classes), each row with the sum 1."""
    shares: NDArray[np.float64] = softmax(answers(net, split, context), axis=1)
    return shares


def answers(net: gluon.Block, split: Split, context: mx.Context) -> NDArray[np.float64]:
    """Return the network's scores of a split's images, (n, outputs)."""
    return _scores(net, split, feed(split, context)).astype(np.float64)


def _scores(net: gluon.Block, split: Split, data: Feed) -> NDArray[np.float32]:
    floats, scores = as_floats(split.images.dtype), []
    lead = Lead(data.at_once)
    for images, _, *rows in data.batches(np.arange(len(split)), _evaluation_batch(split)):
        chosen = nd.take(images, *rows) if rows else images
        scores.append(net(floats(nd, chosen)))
        lead.keep(scores)
    found: NDArray[np.float32] = nd.concat(*scores, dim=0).asnumpy()
    return found


def _evaluation_batch(split: Split) -> int:
    """Return how many images to measure at once: fewer, the larger they are, to fit in memory."""
    height, width = split.images.shape[-2:]
    return max(1, min(EVALUATION_BATCH, EVALUATION_BATCH * SMALL_IMAGE // (height * width)))


def _total(sums: list[Any]) -> NDArray[np.float64]:
    """Return the sum of the batches' sums, float32 of one shape."""
    batches = nd.concat(*sums, dim=0).asnumpy().reshape(len(sums), -1)
    totals = [each.sum(dtype=np.float64) for each in batches.T]
    return np.array(totals).reshape(sums[0].shape)
