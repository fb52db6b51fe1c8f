"""LAMB: ``optim=lamb``."""

from typing import Any, Literal

from pydantic.dataclasses import dataclass

from sweep.config.choices import OPTIMIZERS, OptimizerConfig
from sweep.config.fields import STRICT, Fraction, NonNegative, Positive


@OPTIMIZERS.registers("lamb")
@dataclass(frozen=True, config=STRICT)
class LAMB(OptimizerConfig):
    """Layer-wise adaptive moments for large batches (You et al. 2020), as MXNet has it."""

    name: Literal["lamb"]
    lr: Positive
    wd: NonNegative
    beta1: Fraction
    beta2: Fraction
    epsilon: Positive

    def build(self, parameters: int) -> Any:
        """Return MXNet's optimiser, but faster."""
        from sweep.training.kernels.lamb import FastLAMB  # which imports MXNet

        return FastLAMB(
            learning_rate=self.lr,
            wd=self.wd,
            beta1=self.beta1,
            beta2=self.beta2,
            epsilon=self.epsilon,
        )
