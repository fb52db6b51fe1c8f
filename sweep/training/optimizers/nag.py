"""Nesterov's accelerated gradient: ``optim=nag``."""

from typing import Any, Literal

from pydantic.dataclasses import dataclass

from sweep.config.choices import OPTIMIZERS
from sweep.config.fields import STRICT, Fraction, NonNegative, Positive
from sweep.config.optimizers import OptimizerConfig


@OPTIMIZERS.registers("nag")
@dataclass(frozen=True, config=STRICT)
class NAG(OptimizerConfig):
    """Nesterov's accelerated gradient, as ``mxnet.optimizer.NAG`` documents it."""

    name: Literal["nag"]
    lr: Positive
    wd: NonNegative
    momentum: Fraction

    def build(self, parameters: int) -> Any:
        """Return MXNet's optimiser, with the same bits in repetition."""
        from sweep.training.kernels.nag import RepeatableNAG  # which imports MXNet

        return RepeatableNAG(learning_rate=self.lr, wd=self.wd, momentum=self.momentum)
