"""RMSProp: ``optim=rmsprop``."""

from typing import Any, Literal

from pydantic.dataclasses import dataclass

from sweep.config.choices import OPTIMIZERS
from sweep.config.fields import STRICT, Fraction, NonNegative, Positive
from sweep.config.optimizers import OptimizerConfig


@OPTIMIZERS.registers("rmsprop")
@dataclass(frozen=True, config=STRICT)
class RMSProp(OptimizerConfig):
    """RMSProp (Tieleman, Hinton 2012), as ``mxnet.optimizer.RMSProp`` has it."""

    name: Literal["rmsprop"]
    lr: Positive
    wd: NonNegative
    gamma1: Fraction
    epsilon: Positive

    def build(self, parameters: int) -> Any:
        """Return MXNet's optimiser. Weight decay is added to the gradient."""
        from sweep.backend.mxnet import mx

        return mx.optimizer.RMSProp(
            learning_rate=self.lr, wd=self.wd, gamma1=self.gamma1, epsilon=self.epsilon
        )
