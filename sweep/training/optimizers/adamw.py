"""Adam with decoupled weight decay: ``optim=adamw``."""

from typing import Any, Literal

from pydantic.dataclasses import dataclass

from sweep.config.choices import OPTIMIZERS, OptimizerConfig
from sweep.config.fields import STRICT, Fraction, NonNegative, Positive


@OPTIMIZERS.registers("adamw")
@dataclass(frozen=True, config=STRICT)
class AdamW(OptimizerConfig):
    """Adam with decoupled weight decay (Loshchilov, Hutter 2019)."""

    name: Literal["adamw"]
    lr: Positive
    wd: NonNegative
    beta1: Fraction
    beta2: Fraction
    epsilon: Positive

    def build(self, parameters: int) -> Any:
        """Return our optimiser: MXNet has none."""
        from sweep.training.kernels.adamw import AdamW as Updates  # which imports MXNet

        return Updates(
            learning_rate=self.lr,
            wd=self.wd,
            beta1=self.beta1,
            beta2=self.beta2,
            epsilon=self.epsilon,
        )
