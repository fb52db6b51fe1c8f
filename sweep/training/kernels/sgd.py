"""MXNet's SGD, with the faster of its kernels for each parameter."""

from typing import Any

from sweep.backend.mxnet import mx, nd

MAX_FUSED_UPDATES = 45  # parameters that one call of MXNet's multi_sgd_update may take
LARGE = 8192  # values in a parameter from which an update of its own is faster than a fused one


class FastSGD(mx.optimizer.SGD):
    """SGD that updates large parameters one by one, and small ones together.

    One call for many parameters saves the calls, but its kernel takes three times as long a value
    as the one for a single parameter. Both compute the same, up to rounding.
    """

    def __init__(self, parameters: int, **options: float) -> None:
        """Take the number of parameters, and the options of ``mxnet.optimizer.SGD``."""
        super().__init__(**options)
        self.aggregate_num = min(parameters, MAX_FUSED_UPDATES)

    def update_multi_precision(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        """Update parameters; each argument is a sequence with an entry for each of them."""
        small = []
        for each in zip(index, weight, grad, state, strict=True):
            if each[1].size < LARGE:
                small.append(each)
            else:
                self._update_alone(*each)
        if small:
            super().update_multi_precision(*zip(*small, strict=True))

    def _update_alone(self, index: int, weight: Any, grad: Any, momentum: Any) -> None:
        self._update_count(index)
        options = {
            "lr": self._get_lr(index),
            "wd": self._get_wd(index),
            "rescale_grad": self.rescale_grad,
        }
        if momentum is None:
            nd.sgd_update(weight, grad, out=weight, **options)
        else:
            options["momentum"] = self.momentum
            nd.sgd_mom_update(weight, grad, momentum, out=weight, **options)
