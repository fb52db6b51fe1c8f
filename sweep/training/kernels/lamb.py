"""LAMB, with the faster of MXNet's two ways to update."""

from sweep.backend.mxnet import mx


class SeparateLAMB(mx.optimizer.LAMB):
    """MXNet's LAMB, one parameter after the other.

    Its kernel for many parameters at once takes several times as long a value.
    """

    def __init__(self, **options: float) -> None:
        """Take the options of ``mxnet.optimizer.LAMB``."""
        super().__init__(**options)
        self.aggregate_num = 0
