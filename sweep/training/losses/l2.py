"""Half the squared error: ``loss=l2``."""

from typing import Any, ClassVar, Literal

from pydantic.dataclasses import dataclass

from sweep.config.fields import STRICT
from sweep.config.losses import LOSSES, Loss
from sweep.config.tasks import Task


@LOSSES.registers("l2")
@dataclass(frozen=True, config=STRICT)
class L2(Loss):
    """Half the squared error; of several numbers, the mean."""

    task: ClassVar[Task] = "regression"

    name: Literal["l2"]

    def build(self) -> Any:
        """Return Gluon's loss."""
        from sweep.backend.mxnet import gluon

        return gluon.loss.L2Loss()
