"""The networks, as Gluon HybridBlocks. All take images and return one score a class."""

import math
from itertools import pairwise
from typing import Any

from sweep.backend.mxnet import gluon, mx
from sweep.config.schema import IMAGE_SIDE, MLP, LeNet
from sweep.data.splits import CLASSES
from sweep.environment import float_lanes

WORTHWHILE_PADDING = 2.0  # times the multiplications, at most

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
    so the function is the same, and the activation has a quarter of the work. Channels are padded
    with zeros where that is faster (see ``padded_channels``), and what was added is cut off again.
    """

    def __init__(self, config: LeNet, lanes: int) -> None:
        """Create the layers, with all sizes known, so that they can be initialised at once.

        Args:
            config: the network.
            lanes: float32 values in one of the processor's vectors; 1 for no padding.
        """
        super().__init__(prefix="lenet_")
        pooling = {"max": gluon.nn.MaxPool2D, "avg": gluon.nn.AvgPool2D}[config.pooling]
        real, padded = (1, *config.channels), (1, *padded_channels(config, lanes))
        sizes = zip(pairwise(real), pairwise(padded), config.kernels, strict=True)
        with self.name_scope():
            for (before, after), widths, kernel in sizes:
                self.add(_PaddedConvolution(after, kernel, before, widths))
                pool = pooling(config.pool_size, config.pool_stride)
                activation = gluon.nn.Activation(config.activation)
                self.add(*((pool, activation) if config.pooling == "max" else (activation, pool)))
            self._convolutional = len(self)
            _add_dense(self, config.channels[-1] * config.sides()[-1] ** 2, config)
        self._channels, self._padded = real[-1], padded[-1]

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """Return the scores. What was added to the channels is cut off before the dense layers."""
        layers = list(self._children.values())
        for layer in layers[: self._convolutional]:
            x = layer(x)
        if self._padded != self._channels:
            x = F.slice_axis(x, axis=1, begin=0, end=self._channels)
        for layer in layers[self._convolutional :]:
            x = layer(x)
        return x


class _PaddedConvolution(gluon.nn.Conv2D):
    """A convolution that takes and returns channels with zeros added to them.

    (n, before, h, w) float32 to (n, after, h', w') float32. Its parameters have no padding.
    """

    def __init__(self, channels: int, kernel: int, in_channels: int, widths: tuple[int, int]):
        """Create it; widths are the padded channels before and after it."""
        super().__init__(channels, kernel, in_channels=in_channels)
        self._shape, self._widths = (channels, in_channels, kernel), widths

    def hybrid_forward(self, F: Any, x: Any, weight: Any, bias: Any) -> Any:
        channels, in_channels, kernel = self._shape
        before, after = self._widths
        if (before, after) != (in_channels, channels):
            # MXNet pads all but the first two of five dimensions.
            weight = F.reshape(weight, (1, 1, channels, in_channels, kernel**2))
            weight = _pad(F, weight, (after - channels, before - in_channels, 0))
            weight = F.reshape(weight, (after, before, kernel, kernel))
            bias = F.reshape(bias, (1, 1, 1, 1, channels))
            bias = F.reshape(_pad(F, bias, (0, 0, after - channels)), (after,))
        return F.Convolution(x, weight, bias, kernel=(kernel, kernel), num_filter=after)


def _pad(F: Any, x: Any, added: tuple[int, int, int]) -> Any:
    """Add zeros at the ends of the last three of five dimensions."""
    width = (0, 0, 0, 0, *(end for each in added for end in (0, each)))
    return F.pad(x, mode="constant", constant_value=0, pad_width=width)


def padded_channels(config: LeNet, lanes: int) -> tuple[int, ...]:
    """Return the channels with which the convolutions are computed fastest.

    oneDNN has direct kernels for channels in multiples of the processor's vector, and for others a
    general one that does less than half as many multiplications a second (measured for 20 and 50
    channels, with AVX2 and AVX-512). So zeros are added, unless they double the work.

    Args:
        config: the network.
        lanes: float32 values in one of the processor's vectors.
    """
    padded = tuple(math.ceil(each / lanes) * lanes for each in config.channels)
    work = config.multiplications(padded) / config.multiplications(config.channels)
    return padded if work <= WORTHWHILE_PADDING else config.channels


def _add_dense(layers: gluon.nn.HybridSequential, inputs: int, config: MLP | LeNet) -> None:
    """Add the hidden dense layers and the output layer. Dense flattens what it is given."""
    *hidden, (last, classes) = pairwise((inputs, *config.hidden, CLASSES))
    for before, units in hidden:
        layers.add(gluon.nn.Dense(units, activation=config.activation, in_units=before))
    layers.add(gluon.nn.Dense(classes, activation=config.output_activation, in_units=last))


def build_model(config: MLP | LeNet, seed: int, context: mx.Context) -> gluon.HybridBlock:
    """Return the network with initial parameters that depend on the seed alone."""
    mx.random.seed(seed)
    net = _network(config, float_lanes())
    net.initialize(INITIALIZERS[config.init](config.init_scale), ctx=context)
    return net


def architecture(config: MLP | LeNet) -> mx.sym.Symbol:
    """Return the graph of the network, from the input ``data``, with an operator for each layer.

    It computes the same as what is trained, without the padding that makes that faster.
    """
    return _network(config, lanes=1)(mx.sym.var("data"))


def _network(config: MLP | LeNet, lanes: int) -> gluon.HybridBlock:
    return MultilayerPerceptron(config) if isinstance(config, MLP) else LeNetwork(config, lanes)


def parameter_count(net: gluon.HybridBlock) -> int:
    """Return the number of trained values."""
    return sum(math.prod(parameter.shape) for parameter in net.collect_params().values())
