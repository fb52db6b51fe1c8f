"""The networks, as Gluon HybridBlocks. All take images and return one score a class."""

import math
from itertools import pairwise

from sweep.backend import gluon, mx
from sweep.data import CLASSES
from sweep.schema import IMAGE_SIDE, MLP, LeNet

INITIALIZERS = {
    "xavier": lambda scale: mx.init.Xavier(magnitude=scale or 3),
    "normal": lambda scale: mx.init.Normal(sigma=scale or 0.01),
}


class MultilayerPerceptron(gluon.nn.HybridSequential):
    """Dense layers on the 784 pixels: (n, 1, 28, 28) float32 to (n, 10) float32 scores."""

    def __init__(self, config: MLP) -> None:
        """Create the layers, with all sizes known, so that they can be initialised at once."""
        super().__init__(prefix="mlp_")
        with self.name_scope():
            _add_dense(self, IMAGE_SIDE**2, config)


class LeNetwork(gluon.nn.HybridSequential):
    """LeNet: (n, 1, 28, 28) float32 to (n, 10) float32 scores.

    Source: Y. LeCun et al., Gradient-based learning applied to document recognition (1998), in
    the form of MXNet's tutorials.

    Max-pooling comes before the activation, not after it: tanh, ReLU and sigmoid never decrease,
    so the function is the same, and the activation has a quarter of the work.
    """

    def __init__(self, config: LeNet) -> None:
        """Create the layers, with all sizes known, so that they can be initialised at once."""
        super().__init__(prefix="lenet_")
        pools = {"max": gluon.nn.MaxPool2D, "avg": gluon.nn.AvgPool2D}
        with self.name_scope():
            channels = (1, *config.channels)
            for (before, after), kernel in zip(pairwise(channels), config.kernels, strict=True):
                self.add(gluon.nn.Conv2D(after, kernel, in_channels=before))
                pooling = pools[config.pooling](config.pool_size, config.pool_stride)
                activation = gluon.nn.Activation(config.activation)
                if config.pooling == "max":
                    self.add(pooling, activation)
                else:
                    self.add(activation, pooling)
            _add_dense(self, config.channels[-1] * config.sides()[-1] ** 2, config)


def _add_dense(layers: gluon.nn.HybridSequential, inputs: int, config: MLP | LeNet) -> None:
    """Add the hidden dense layers and the output layer. Dense flattens what it is given."""
    *hidden, (last, classes) = pairwise((inputs, *config.hidden, CLASSES))
    for before, units in hidden:
        layers.add(gluon.nn.Dense(units, activation=config.activation, in_units=before))
    layers.add(gluon.nn.Dense(classes, activation=config.output_activation, in_units=last))


def build_model(config: MLP | LeNet, seed: int, context: mx.Context) -> gluon.HybridBlock:
    """Return the network with initial parameters that depend on the seed alone."""
    mx.random.seed(seed)
    net = MultilayerPerceptron(config) if isinstance(config, MLP) else LeNetwork(config)
    net.initialize(INITIALIZERS[config.init](config.init_scale), ctx=context)
    return net


def parameter_count(net: gluon.HybridBlock) -> int:
    """Return the number of trained values."""
    return sum(math.prod(parameter.shape) for parameter in net.collect_params().values())
