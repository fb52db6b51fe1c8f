"""A network with what is done to images before it: ``dataset.normalize``."""

import warnings
from typing import Any

from sweep.backend.mxnet import gluon, mx, nd
from sweep.data.scaling import Scaling
from sweep.errors import UserError

CONSTANTS = ("scaled_mean", "scaled_factor")  # as an exported model names them


def scaled(net: gluon.Block, scaling: Scaling | None, context: mx.Context) -> gluon.Block:
    """Return a network that takes units, whatever the network itself is given.

    Args:
        net: takes (n, channels, height, width) float32.
        scaling: what is done to units first; None for nothing: then it is the network itself.
        context: where the network's parameters are.

    Raises:
        UserError: the network does it itself, as one that was exported with it.
    """
    if scaling is None:
        return net
    if set(CONSTANTS) & {*net.collect_params()}:
        raise UserError(
            "dataset.normalize: the network scales its images itself, as its file says "
            f"({CONSTANTS[0]}); allowed is dataset.normalize=unit"
        )
    kind = Scaled if isinstance(net, gluon.HybridBlock) else ScaledEagerly
    return kind(net, scaling, context)


class Scaled(gluon.HybridBlock):
    """A network on scaled images, in one graph. Its own two arrays are never trained.

    The network's parameters keep their names, and are still to be kept by themselves.
    """

    def __init__(self, net: gluon.HybridBlock, scaling: Scaling, context: mx.Context) -> None:
        """Take the network, with its parameters on this device."""
        super().__init__(prefix="scaled_")
        self.net = net
        with self.name_scope(), warnings.catch_warnings():
            # MXNet registers each by its name and its place in memory, at which another was before.
            warnings.filterwarnings("ignore", ".*New initializer")
            self.mean = self.params.get_constant("mean", nd.array(scaling.mean))
            self.factor = self.params.get_constant("factor", nd.array(scaling.factor))
        for each in (self.mean, self.factor):
            each.initialize(ctx=context)

    def hybrid_forward(self, F: Any, x: Any, mean: Any, factor: Any) -> Any:
        """Return the network's scores of units, in MXNet's namespace ``F``."""
        return self.net(F.broadcast_mul(F.broadcast_sub(x, mean), factor))


class ScaledEagerly(gluon.Block):
    """The same, operator by operator."""

    def __init__(self, net: gluon.Block, scaling: Scaling, context: mx.Context) -> None:
        """Take the network, with its parameters on this device."""
        super().__init__(prefix="scaled_")
        self.net = net
        self._mean = nd.array(scaling.mean, ctx=context)
        self._factor = nd.array(scaling.factor, ctx=context)

    def forward(self, x: Any) -> Any:
        """Return the network's scores of units."""
        return self.net(nd.broadcast_mul(nd.broadcast_sub(x, self._mean), self._factor))
