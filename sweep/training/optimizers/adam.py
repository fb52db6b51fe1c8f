"""Adam: ``optim=adam``."""

from typing import Any, Literal

from pydantic.dataclasses import dataclass

from sweep.config.choices import OPTIMIZERS, OptimizerConfig
from sweep.config.fields import STRICT, Fraction, NonNegative, Positive


@OPTIMIZERS.registers("adam")
@dataclass(frozen=True, config=STRICT)
class Adam(OptimizerConfig):
    """Adam (Kingma, Ba 2015), as ``mxnet.optimizer.Adam`` has it."""

    name: Literal["adam"]
    lr: Positive
    wd: NonNegative
    beta1: Fraction
    beta2: Fraction
    epsilon: Positive

    def build(self, parameters: int) -> Any:
        """Return MXNet's optimiser. Weight decay is added to the gradient."""
        from sweep.backend.mxnet import mx

        return mx.optimizer.Adam(
            learning_rate=self.lr,
            wd=self.wd,
            beta1=self.beta1,
            beta2=self.beta2,
            epsilon=self.epsilon,
        )
