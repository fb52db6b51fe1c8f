"""The cross-entropy of a softmax: ``loss=softmax_cross_entropy``."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic.dataclasses import dataclass

from sweep.config.fields import STRICT, Before, Fraction
from sweep.config.losses import LOSSES, Loss
from sweep.config.tasks import Task


@LOSSES.registers("softmax_cross_entropy")
@dataclass(frozen=True, config=STRICT)
class SoftmaxCrossEntropy(Loss):
    """How improbable the network thinks the right class.

    Attributes:
        label_smoothing: the part of the truth that is spread evenly over all classes.
    """

    task: ClassVar[Task] = "classification"

    name: Annotated[Literal["softmax_cross_entropy"], Before("softmax_cross_entropy")]
    label_smoothing: Annotated[Fraction, Before(0.0)]

    def build(self) -> Any:
        """Return Gluon's loss, or with smoothing ours: Gluon has none."""
        from sweep.backend.mxnet import gluon
        from sweep.training.loss_blocks import SmoothedCrossEntropy

        if self.label_smoothing:
            return SmoothedCrossEntropy(self.label_smoothing)
        return gluon.loss.SoftmaxCrossEntropyLoss()
