"""LAMB: ``optim=lamb``."""

from typing import Any, Literal

from pydantic.dataclasses import dataclass

from sweep.config.choices import OPTIMIZERS
from sweep.config.fields import STRICT
from sweep.training.optimizers.moments import Moments


@OPTIMIZERS.registers("lamb")
@dataclass(frozen=True, config=STRICT)
class LAMB(Moments):
    """Layer-wise adaptive moments for large batches (You et al. 2020), as MXNet has it."""

    name: Literal["lamb"]

    def build(self, parameters: int) -> Any:
        """Return MXNet's optimiser, but faster."""
        from sweep.training.kernels.lamb import FastLAMB  # which imports MXNet

        return FastLAMB(**self.numbers())
