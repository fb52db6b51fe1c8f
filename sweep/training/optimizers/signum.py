"""The sign of the momentum: ``optim=signum``."""

from typing import Any, Literal

from pydantic.dataclasses import dataclass

from sweep.config.choices import OPTIMIZERS
from sweep.config.fields import STRICT, Fraction, NonNegative, Positive
from sweep.config.optimizers import OptimizerConfig


@OPTIMIZERS.registers("signum")
@dataclass(frozen=True, config=STRICT)
class Signum(OptimizerConfig):
    """Signum (Bernstein et al. 2018), as ``mxnet.optimizer.Signum`` has it."""

    name: Literal["signum"]
    lr: Positive
    wd: NonNegative
    momentum: Fraction

    def build(self, parameters: int) -> Any:
        """Return MXNet's optimiser. Weight decay is added to the gradient."""
        from sweep.training.kernels.signum import AlikeSignum  # which imports MXNet

        return AlikeSignum(learning_rate=self.lr, wd=self.wd, momentum=self.momentum)
