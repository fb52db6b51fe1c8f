"""The absolute error: ``loss=l1``."""

from typing import Any, ClassVar, Literal

from pydantic.dataclasses import dataclass

from sweep.config.fields import STRICT
from sweep.config.losses import LOSSES, Loss
from sweep.config.tasks import Task


@LOSSES.registers("l1")
@dataclass(frozen=True, config=STRICT)
class L1(Loss):
    """The absolute error; of several numbers, the mean."""

    task: ClassVar[Task] = "regression"

    name: Literal["l1"]

    def build(self) -> Any:
        """Return Gluon's loss."""
        from sweep.backend.mxnet import gluon

        return gluon.loss.L1Loss()
