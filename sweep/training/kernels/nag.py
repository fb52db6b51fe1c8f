"""Nesterov's accelerated gradient, with the same bits in repetition."""

from typing import Any

from sweep.backend.mxnet import mx, nd


class RepeatableNAG(mx.optimizer.NAG):
    """MXNet's NAG, whose weight decay is added to the gradient first.

    MXNet's kernel takes the momentum's decay from a weight that it may have overwritten already. So
    it does not follow its formula, nor does it always give the same bits. Without a decay it does.
    """

    def update_multi_precision(self, index: int, weight: Any, grad: Any, state: Any) -> None:
        """Update one parameter: ``grad`` then holds the gradient with its weight decay."""
        self._update_count(index)
        options = {"lr": self._get_lr(index), "wd": 0.0, "rescale_grad": self.rescale_grad}
        if wd := self._get_wd(index):
            nd.sgd_update(grad, weight, out=grad, lr=-wd / self.rescale_grad, wd=0.0)
        if state is None:
            nd.sgd_update(weight, grad, out=weight, **options)
        else:
            nd.nag_mom_update(weight, grad, state, out=weight, momentum=self.momentum, **options)
