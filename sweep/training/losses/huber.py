"""The squared error where it is small, the absolute one where it is large: ``loss=huber``."""

from typing import Any, ClassVar, Literal

from pydantic.dataclasses import dataclass

from sweep.config.fields import STRICT, Positive
from sweep.config.losses import LOSSES, Loss
from sweep.config.tasks import Task


@LOSSES.registers("huber")
@dataclass(frozen=True, config=STRICT)
class Huber(Loss):
    """Huber's loss as Gluon has it, divided by ``rho``; of several numbers, the mean.

    Attributes:
        rho: the error from which on it grows like the absolute error.
    """

    task: ClassVar[Task] = "regression"

    name: Literal["huber"]
    rho: Positive

    def build(self) -> Any:
        """Return Gluon's loss."""
        from sweep.backend.mxnet import gluon

        return gluon.loss.HuberLoss(rho=self.rho)
