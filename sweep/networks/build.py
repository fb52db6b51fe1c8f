"""A network with its initial parameters, and the graph of one."""

import math

from sweep.backend.mxnet import gluon, mx, nd
from sweep.config.choices import Network, Shape


def build_network(
    network: Network, shape: Shape, classes: int, *, seed: int, context: mx.Context
) -> gluon.HybridBlock:
    """Return the network with initial parameters that depend on the seed alone.

    Args:
        network: as it is configured.
        shape: of an image: channels, height, width.
        classes: scores of an image.
        seed: of the initial parameters.
        context: where they are.
    """
    mx.random.seed(seed)
    # What makes it faster on a processor would only be more work for a GPU.
    build = network.build if context.device_type == "cpu" else network.build_plain
    net = build(shape, classes)
    net.initialize(network.initializer() or mx.init.Xavier(magnitude=3), ctx=context)
    if any(0 in (each.shape or (0,)) for each in net.collect_params().values()):
        # Parameters whose sizes are not known yet are drawn at the first call: let it be this one.
        net(nd.zeros((1, *shape), ctx=context)).wait_to_read()
    return net


def architecture(network: Network, shape: Shape, classes: int) -> mx.sym.Symbol:
    """Return the graph of the network, from the input ``data``, with an operator for each layer.

    It computes the same as what is trained, without what only makes that faster.
    """
    return network.build_plain(shape, classes)(mx.sym.var("data"))


def parameter_count(net: gluon.HybridBlock) -> int:
    """Return the number of trained values."""
    trained = (each for each in net.collect_params().values() if each.grad_req != "null")
    return sum(math.prod(each.shape) for each in trained)
