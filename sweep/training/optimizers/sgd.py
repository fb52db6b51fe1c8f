"""Stochastic gradient descent: ``optim=sgd``."""

from typing import Any, Literal

from pydantic.dataclasses import dataclass

from sweep.config.choices import OPTIMIZERS
from sweep.config.fields import STRICT, Fraction, NonNegative, Positive
from sweep.config.optimizers import OptimizerConfig


@OPTIMIZERS.registers("sgd")
@dataclass(frozen=True, config=STRICT)
class SGD(OptimizerConfig):
    """Stochastic gradient descent, as ``mxnet.optimizer.SGD`` has it."""

    name: Literal["sgd"]
    lr: Positive
    wd: NonNegative
    momentum: Fraction

    def build(self, parameters: int) -> Any:
        """Return MXNet's optimiser. Weight decay acts on biases too."""
        from sweep.training.kernels.sgd import FastSGD  # which imports MXNet

        return FastSGD(parameters, learning_rate=self.lr, wd=self.wd, momentum=self.momentum)
