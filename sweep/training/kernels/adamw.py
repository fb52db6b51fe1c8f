"""Adam with decoupled weight decay, which MXNet has no optimiser for."""

import math
from typing import Any

from sweep.backend.mxnet import mx, nd


class AdamW(mx.optimizer.Adam):
    """Adam with decoupled weight decay: Loshchilov, Hutter 2019, algorithm 2.

    ``wd`` is multiplied by the learning rate, as in PyTorch; the paper's λ is their product. The
    corrections of the bias are put into the kernel's rate and epsilon, which gives the paper's
    formula.
    """

    def update(self, index: int, weight: Any, grad: Any, state: tuple[Any, Any]) -> None:
        """Update one parameter."""
        self._update_count(index)
        count = self._index_update_count[index]
        lr, spread = self._get_lr(index), math.sqrt(1 - self.beta2**count)
        if wd := self._get_wd(index):
            weight *= 1 - lr * wd
        nd.adam_update(
            *(weight, grad, *state),
            out=weight,
            lr=lr * spread / (1 - self.beta1**count),
            wd=0.0,
            beta1=self.beta1,
            beta2=self.beta2,
            epsilon=self.epsilon * spread,
            rescale_grad=self.rescale_grad,
        )
