"""The square of what a score lacks to its margin: ``loss=squared_hinge``."""

from typing import Any, ClassVar, Literal

from pydantic.dataclasses import dataclass

from sweep.config.fields import STRICT, Positive
from sweep.config.losses import LOSSES, Loss
from sweep.config.tasks import Task


@LOSSES.registers("squared_hinge")
@dataclass(frozen=True, config=STRICT)
class SquaredHinge(Loss):
    """The square of what each class's score lacks to the margin; the mean over the classes.

    Attributes:
        margin: how far from 0 a score has to be on its side to cost nothing.
    """

    task: ClassVar[Task] = "classification"

    name: Literal["squared_hinge"]
    margin: Positive

    def build(self) -> Any:
        """Return Gluon's loss, for one class against the others."""
        from sweep.backend.mxnet import gluon
        from sweep.training.loss_blocks import OneAgainstTheOthers

        return OneAgainstTheOthers(gluon.loss.SquaredHingeLoss(margin=self.margin))
