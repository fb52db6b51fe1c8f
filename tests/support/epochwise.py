"""Networks that are trained epoch by epoch in this process, on few images."""

import functools
import hashlib
from dataclasses import replace

import numpy as np

from sweep.backend.mxnet import mx
from sweep.config.compose import load
from sweep.config.metrics import measured_metric
from sweep.data.formats.mnist import Mnist5k
from sweep.data.splits import Dataset, Split, load_dataset
from sweep.networks.build import build_network
from sweep.training.loop import build_trainer, train_epochs
from sweep.training.losses.softmax_cross_entropy import SoftmaxCrossEntropy

TIMES = ("epoch_seconds", "images_per_second")
CROSS_ENTROPY = SoftmaxCrossEntropy("softmax_cross_entropy", label_smoothing=0.0)


def split_of(count, seed, among=None, shape=(1, 28, 28), classes=10):
    """Return so many random images with random labels, a subset of an array of ``among``."""
    random = np.random.RandomState(seed)
    among = among or count
    return Split(
        (random.randint(0, 256, (among, *shape)) / 255).astype(np.float32),
        random.randint(0, classes, among).astype(np.uint8),
        np.sort(random.permutation(among)[:count]).astype(np.int32),
    )


def synthetic(train=53, val=20, test=30, shape=(1, 28, 28), classes=10):
    train, val, test = (
        split_of(*each, shape=shape, classes=classes)
        for each in ((train, 1, 80), (val, 2, 40), (test, 3))
    )
    return Dataset(
        name="synthetic",
        class_names=tuple(map(str, range(classes))),
        digest="0" * 64,
        source="nowhere",
        train=train,
        val=val,
        test=test,
    )


def subset(count):
    """Return so many of mnist_5k's training images, and 100 to validate and to test."""
    full = load_dataset(Mnist5k("mnist_5k", 500, None, ()))
    train, val, test = (
        replace(each, index=each.index[:size])
        for each, size in ((full.train, count), (full.val, 100), (full.test, 100))
    )
    return replace(full, train=train, val=val, test=test)


# Composing takes a quarter of a second, and the same is trained again and again.
_loaded = functools.cache(load)


class Training:
    """A network and its trainer, which may be trained in several calls."""

    def __init__(self, dataset, *overrides, optimizer=None):
        """Take the images, what is overridden, and another optimiser than it says."""
        self.config = _loaded(*overrides)
        self.net = build_network(
            self.config.model,
            dataset.shape,
            dataset.outputs,
            seed=self.config.seed,
            context=mx.cpu(),
        )
        self.trainer = build_trainer(self.net, optimizer or self.config.optim)
        self.dataset = dataset
        self.measured = {"val": dataset.val} if len(dataset.val) else {}
        if self.config.test_every_epoch:
            self.measured["test"] = dataset.test

    def epochs(self, first, last):
        """Train, and return each epoch's metrics without the times, and its parameters."""
        records = train_epochs(
            self.net,
            self.trainer,
            self.dataset.train,
            self.measured,
            metrics=[measured_metric(name) for name in self.config.metrics],
            batch_size=self.config.batch_size,
            seed=self.config.seed,
            epochs=range(first, last + 1),
            context=mx.cpu(),
            loss=self.config.loss,
        )
        found = []
        for record in records:
            assert all(record.metrics[key] > 0 for key in TIMES)
            metrics = {k: v for k, v in record.metrics.items() if k not in TIMES}
            found.append((record.epoch, metrics, self.parameters()))
        return found

    def parameters(self):
        return [each.data().asnumpy().copy() for each in self.net.collect_params().values()]


def assert_equal_bits(one, other):
    assert len(one) == len(other)
    for (epoch, metrics, parameters), (epoch2, metrics2, parameters2) in zip(
        one, other, strict=True
    ):
        assert epoch == epoch2
        assert metrics == metrics2
        assert [each.tobytes() for each in parameters] == [each.tobytes() for each in parameters2]


def signatures():
    """Train every kind of network a little; return a hash of all bits of each outcome."""
    dataset, found = subset(250), {}
    for model in ("mlp", "lenet"):
        for activation in ("tanh", "relu", "sigmoid"):
            training = Training(
                dataset, f"model={model}", f"model.activation={activation}", "batch_size=50"
            )
            digest = hashlib.sha256()
            for epoch, metrics, parameters in training.epochs(1, 2):
                digest.update(repr((epoch, metrics)).encode())
                for parameter in parameters:
                    digest.update(parameter.tobytes())
            found[f"{model} {activation}"] = digest.hexdigest()
    return found
