"""A network with its initial parameters, and the graph of one."""

import math

from sweep.backend.mxnet import gluon, mx, nd
from sweep.backend.seeding import seed_generators
from sweep.config.images import Shape
from sweep.config.networks import Network
from sweep.networks.blocks.eager import numpy_switched_off_again, why_eager
from sweep.networks.frozen import is_trained


def build_network(
    network: Network, shape: Shape, classes: int, *, seed: int, context: mx.Context
) -> gluon.Block:
    """Return the network with initial parameters that depend on the seed alone.

    Args:
        network: as it is configured.
        shape: of an image: channels, height, width.
        classes: scores of an image.
        seed: of the initial parameters.
        context: where they are.
    """
    with numpy_switched_off_again():
        build = network.builder(context.device_type)
        seed_generators(seed)  # not before: a user's module may do so when it is imported
        net = build(shape, classes)
        initializer = network.initializer() or mx.init.Xavier(magnitude=3)
        return initialized(net, initializer, shape, context)


def initialized(
    net: gluon.Block, initializer: mx.init.Initializer, shape: Shape, context: mx.Context
) -> gluon.Block:
    """Give a network its initial parameters, all of them now; return it.

    Args:
        net: parameters that are initialised already keep their values.
        initializer: of parameters that have none of their own.
        shape: of an image: parameters whose shapes follow from it are drawn now, and not when the
            first batch comes.
        context: where parameters are.
    """
    every = list(net.collect_params().values())
    for each in every:
        if each._data is None and not each._deferred_init:
            each.initialize(None, context, initializer)
    if any(each._data is None for each in every):
        zeros = nd.zeros((1, *shape), ctx=context)
        net(zeros.as_np_ndarray() if mx.util.is_np_array() else zeros)
    for each in every:
        if each.list_ctx() != [context]:  # the network has initialised it itself
            each.reset_ctx(context)
    return net


def architecture(network: Network, shape: Shape, classes: int) -> mx.sym.Symbol | None:
    """Return the graph of the network, from the input ``data``, with an operator for each layer.

    It computes the same as what is trained, without what only makes that faster. A network that
    cannot be one graph, or is for ``mxnet.np``, has none.
    """
    with numpy_switched_off_again():
        return graph_of(network.build_plain(shape, classes))


def graph_of(net: gluon.Block) -> mx.sym.Symbol | None:
    """Return the graph of a network that was just built; None as of :func:`architecture`."""
    return None if mx.util.is_np_array() or why_eager(net) else net(mx.sym.var("data"))


def parameter_count(net: gluon.Block) -> int:
    """Return the number of trained values."""
    return sum(math.prod(each.shape) for each in net.collect_params().values() if is_trained(each))
