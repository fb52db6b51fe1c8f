"""Adam: ``optim=adam``."""

from typing import Any, Literal

from pydantic.dataclasses import dataclass

from sweep.config.choices import OPTIMIZERS
from sweep.config.fields import STRICT
from sweep.training.optimizers.moments import Moments


@OPTIMIZERS.registers("adam")
@dataclass(frozen=True, config=STRICT)
class Adam(Moments):
    """Adam (Kingma, Ba 2015), as ``mxnet.optimizer.Adam`` has it."""

    name: Literal["adam"]

    def build(self, parameters: int) -> Any:
        """Return MXNet's optimiser. Weight decay is added to the gradient."""
        from sweep.backend.mxnet import mx

        return mx.optimizer.Adam(**self.numbers())
