"""A loss of one's own, which counts images less that are told apart already."""

from typing import Any

from mxnet import gluon


class Focal(gluon.loss.Loss):
    """Lin et al. (2017), Focal loss for dense object detection, equation 4."""

    def __init__(self, gamma: float = 2.0) -> None:
        """Take the exponent; 0 is the cross-entropy."""
        super().__init__(weight=None, batch_axis=0)
        self.gamma = gamma

    def hybrid_forward(self, F: Any, pred: Any, label: Any) -> Any:
        """Return each image's loss, (n,), of the scores (n, classes) and the labels (n,)."""
        right = F.pick(F.log_softmax(pred, axis=1), label, axis=1)
        return -((1 - F.exp(right)) ** self.gamma) * right
