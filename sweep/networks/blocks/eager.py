"""Networks that cannot be in one graph with what is around them, and how they are computed.

Those for ``mxnet.np`` want MXNet's switch for NumPy's arrays (``npx.set_np()``). All else wants it
off, also what trains in the same process afterwards; so it is on while such a network computes.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sweep.backend.mxnet import autograd, gluon, mx, nd


@contextmanager
def numpy_switched_off_again() -> Iterator[None]:
    """Let a user's module switch NumPy's arrays on, and switch them off at the end."""
    try:
        yield
    finally:
        if mx.util.is_np_array() or mx.util.is_np_shape():
            mx.npx.reset_np()


def is_for_numpy(net: gluon.Block) -> bool:
    """Return whether a network, with initial parameters, is one for ``mxnet.np``."""
    every = net.collect_params().values()
    return any(isinstance(each.list_data()[0], mx.np.ndarray) for each in every)


def why_eager(net: gluon.Block) -> str | None:
    """Return why a network cannot be one graph, in a few words; None if it can.

    Args:
        net: takes (n, channels, height, width) float32.
    """
    if not isinstance(net, gluon.HybridBlock):
        return "it is a gluon.Block"
    try:
        with _functions_refused():
            scores = net(mx.sym.var("data"))
    except Exception as error:  # whatever a network does that was given no numbers
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        return f"it cannot be traced ({reason})"
    # Those that return something else are refused when they are tried.
    nodes = json.loads(scores.tojson())["nodes"] if isinstance(scores, mx.sym.Symbol) else []
    for each in nodes:
        if each["op"] == "Custom":  # known to a process that has called mx.operator.register
            name = each["attrs"]["op_type"]
            return f"its operator {name} is written in Python, and would not be in the graph's file"
    return None


@contextmanager
def _functions_refused() -> Iterator[None]:
    """Refuse each ``autograd.Function`` in a graph: MXNet takes symbols for arrays, and crashes."""

    def refuse(function: autograd.Function, *inputs: Any) -> None:
        raise TypeError(f"{type(function).__name__} is an autograd.Function")

    usual, autograd.Function.__call__ = autograd.Function.__call__, refuse
    try:
        yield
    finally:
        autograd.Function.__call__ = usual


class Eager(gluon.Block):
    """A network that is computed operator by operator, whatever kind of block it is."""

    def __init__(self, net: gluon.Block) -> None:
        """Take the network, whose parameters keep their names."""
        super().__init__(prefix="eager_")
        self.net = net

    def forward(self, x: Any) -> Any:
        """Return the network's scores."""
        return self.net(x)


class ForNumpy(Eager):
    """A network for ``mxnet.np``, given and returning MXNet's other arrays."""

    def __init__(self, net: gluon.Block) -> None:
        """Take the network, whose parameters keep their names; a HybridBlock is one graph."""
        super().__init__(net)
        if isinstance(net, gluon.HybridBlock):
            net.hybridize(static_alloc=True, static_shape=True)

    def forward(self, x: Any) -> Any:
        """Return the network's scores."""
        with mx.util.np_shape(True), mx.util.np_array(True):
            scores = self.net(x.as_np_ndarray())
        return scores.as_nd_ndarray() if isinstance(scores, nd.NDArray) else scores


def as_it_runs(net: gluon.Block) -> gluon.Block:
    """Return a network as what is around it can use it: itself, if it can be in one graph."""
    if is_for_numpy(net):
        return ForNumpy(net)
    return net if why_eager(net) is None else Eager(net)


def save_parameters(net: gluon.Block, file: str) -> None:
    """Write a network's parameters in Gluon's own format, under their places in the network."""
    is_np = is_for_numpy(net)
    with mx.util.np_shape(is_np), mx.util.np_array(is_np):
        net.save_parameters(file)
