"""One of each that can be chosen, as a package of somebody else's adds it."""

from typing import ClassVar, Literal

import numpy as np
from pydantic.dataclasses import dataclass

from sweep.config import metrics
from sweep.config.choices import (
    DATASETS,
    NETWORKS,
    OPTIMIZERS,
    SCHEDULES,
    DatasetConfig,
    Network,
    OptimizerConfig,
    Schedule,
)
from sweep.config.fields import STRICT, Count, Positive, Share
from sweep.config.images import Images
from sweep.config.losses import LOSSES, Loss


@DATASETS.registers("stripes")
@dataclass(frozen=True, config=STRICT)
class Stripes(DatasetConfig):
    """Coloured images of 12×16 pixels: which of three rows is bright."""

    name: Literal["stripes"]
    size: Count

    def read(self):
        random = np.random.RandomState(0)
        labels = np.arange(self.size, dtype=np.int64) % 3
        images = random.uniform(0, 0.5, (self.size, 3, 12, 16)).astype(np.float32)
        images[np.arange(self.size), :, 4 * labels, :] += 0.5
        cut = self.size * 3 // 4
        return Images(
            *(images[:cut], labels[:cut], images[cut:], labels[cut:]),
            class_names=("top", "middle", "bottom"),
            digest=f"{self.size:064x}",
            source="made by outside.py",
        )


@NETWORKS.registers("pooled")
@dataclass(frozen=True, config=STRICT)
class Pooled(Network):
    """A convolution, the mean of its map, and a dense layer."""

    name: Literal["pooled"]
    channels: Count

    def multiplications(self, shape, classes):
        return shape[0] * self.channels * 9 * shape[1] * shape[2] + self.channels * classes

    def build(self, shape, classes):
        from sweep.backend.mxnet import gluon

        net = gluon.nn.HybridSequential()
        net.add(
            gluon.nn.Conv2D(self.channels, 3, padding=1, in_channels=shape[0], activation="relu"),
            gluon.nn.BatchNorm(in_channels=self.channels),
            gluon.nn.AvgPool2D((4, shape[2]), (4, shape[2])),
            gluon.nn.Dense(classes, in_units=self.channels * shape[1] // 4),
        )
        return net


@OPTIMIZERS.registers("adamax")
@dataclass(frozen=True, config=STRICT)
class Adamax(OptimizerConfig):
    """https://arxiv.org/abs/1412.6980."""

    name: Literal["adamax"]
    lr: Positive

    def build(self, parameters):
        from sweep.backend.mxnet import mx

        return mx.optimizer.Adamax(learning_rate=self.lr)


@SCHEDULES.registers("exponential")
@dataclass(frozen=True, config=STRICT)
class Exponential(Schedule):
    """The learning rate times ``rate`` in every epoch, batch by batch."""

    name: Literal["exponential"]
    rate: Share

    def after_warmup(self, time, epochs):
        return self.rate**time


@LOSSES.registers("logistic")
@dataclass(frozen=True, config=STRICT)
class Logistic(Loss):
    """The logistic loss of each class against the others."""

    task: ClassVar[str] = "classification"

    name: Literal["logistic"]

    def build(self):
        from sweep.backend.mxnet import gluon
        from sweep.training.loss_blocks import OneAgainstTheOthers

        return OneAgainstTheOthers(gluon.loss.LogisticLoss())


def top2(F, scores, labels):
    return F.sum(F.broadcast_equal(F.topk(scores, k=2), F.reshape(labels, (-1, 1))))


metrics.register(metrics.Metric("top2_accuracy", "max", top2))
