"""What Gluon's losses lack: smoothed labels, and margins between more than two classes."""

from typing import Any

from sweep.backend.mxnet import gluon
from sweep.training.one_hot import one_hot


class SmoothedCrossEntropy(gluon.HybridBlock):
    """The cross-entropy with a truth that is partly spread evenly over all classes.

    As Szegedy et al. (2016), 7, have it, and PyTorch.
    """

    def __init__(self, smoothing: float) -> None:
        """Take the part that is spread, 0 to 1."""
        super().__init__(prefix="")
        self._smoothing = smoothing

    def hybrid_forward(self, F: Any, scores: Any, classes: Any) -> Any:
        """Return each image's loss, (n,), of scores (n, classes) and classes (n,)."""
        logarithms = F.log_softmax(scores, axis=1)
        of_truth = F.pick(logarithms, classes, axis=1)
        of_all = F.mean(logarithms, axis=1)
        return (self._smoothing - 1) * of_truth - self._smoothing * of_all


class OneAgainstTheOthers(gluon.HybridBlock):
    """A loss of two sides, for each class: its own images on one, all others on the other."""

    def __init__(self, loss: gluon.loss.Loss) -> None:
        """Take the loss: of scores and of ±1, both (n, classes)."""
        super().__init__(prefix="")
        self.loss = loss

    def hybrid_forward(self, F: Any, scores: Any, classes: Any) -> Any:
        """Return each image's loss, (n,), of scores (n, classes) and classes (n,)."""
        return self.loss(scores, 2 * one_hot(F, classes, scores) - 1)
