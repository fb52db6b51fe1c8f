"""Networks that cannot be one graph: they are computed operator by operator."""

from typing import Any

from sweep.backend.mxnet import gluon, mx


def why_eager(net: gluon.Block) -> str | None:
    """Return why a network cannot be one graph, in a few words; None if it can.

    Args:
        net: takes (n, channels, height, width) float32.
    """
    if not isinstance(net, gluon.HybridBlock):
        return "it is a gluon.Block"
    try:
        net(mx.sym.var("data"))
    except Exception as error:  # whatever a network does that was given no numbers
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        return f"it cannot be traced ({reason})"
    return None


class Eager(gluon.Block):
    """A network that is computed operator by operator, whatever kind of block it is."""

    def __init__(self, net: gluon.Block) -> None:
        """Take the network, whose parameters keep their names."""
        super().__init__(prefix="eager_")
        self.net = net

    def forward(self, x: Any) -> Any:
        """Return the network's scores."""
        return self.net(x)


def as_it_runs(net: gluon.Block) -> gluon.Block:
    """Return a network that can be one graph as it is, and any other as an :class:`Eager`."""
    return net if why_eager(net) is None else Eager(net)
