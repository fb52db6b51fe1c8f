"""Adam with decoupled weight decay: ``optim=adamw``."""

from typing import Any, Literal

from pydantic.dataclasses import dataclass

from sweep.config.choices import OPTIMIZERS
from sweep.config.fields import STRICT
from sweep.training.optimizers.moments import Moments


@OPTIMIZERS.registers("adamw")
@dataclass(frozen=True, config=STRICT)
class AdamW(Moments):
    """Adam with decoupled weight decay (Loshchilov, Hutter 2019)."""

    name: Literal["adamw"]

    def build(self, parameters: int) -> Any:
        """Return our optimiser: MXNet has none."""
        from sweep.training.kernels.adamw import AdamW as Updates  # which imports MXNet

        return Updates(**self.numbers())
