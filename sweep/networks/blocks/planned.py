"""A network's plan as Gluon blocks."""

from functools import singledispatch
from typing import Any

from sweep.backend.mxnet import gluon
from sweep.config.images import Shape
from sweep.networks.blocks.padding import pad
from sweep.networks.plan import (
    Activation,
    Branches,
    Convolution,
    Dense,
    Dropout,
    Flat,
    GlobalMean,
    Layer,
    Normalization,
    PaddedShortcut,
    Plan,
    Pooling,
    Sum,
    output,
    shapes,
)

VECTOR = 16  # channels that oneDNN keeps side by side, at most


class PlannedNetwork(gluon.nn.HybridSequential):
    """The layers of a plan: (n, channels, height, width) float32 to (n, classes) float32 scores."""

    def __init__(self, plan: Plan, shape: Shape, name: str) -> None:
        """Create the layers, with all sizes known, so that they can be initialised at once.

        Args:
            plan: the layers.
            shape: of an image.
            name: that the names of its parameters begin with.
        """
        super().__init__(prefix=f"{name}_")
        with self.name_scope():
            _add(self, plan, shape)


def _add(sequence: gluon.nn.HybridSequential, plan: Plan, shape: Shape) -> None:
    for layer, given in shapes(plan, shape):
        sequence.add(_block(layer, given))


def _path(plan: Plan, shape: Shape) -> gluon.nn.HybridSequential:
    sequence = gluon.nn.HybridSequential(prefix="")
    _add(sequence, plan, shape)
    return sequence


@singledispatch
def _block(layer: Layer, shape: Shape) -> Any:
    """Return a layer's Gluon block, for what it is given: its sizes are known at once."""
    raise NotImplementedError(f"{type(layer).__name__} has no block")


@_block.register
def _(layer: Convolution, shape: Shape) -> Any:
    return gluon.nn.Conv2D(
        layer.channels,
        layer.kernel,
        strides=layer.stride,
        padding=layer.padding,
        use_bias=layer.bias,
        in_channels=shape[0],
    )


@_block.register
def _(layer: Pooling, shape: Shape) -> Any:
    kind = {"max": gluon.nn.MaxPool2D, "avg": gluon.nn.AvgPool2D}[layer.kind]
    return kind(layer.kernel, strides=layer.stride, padding=layer.padding)


@_block.register
def _(layer: GlobalMean, shape: Shape) -> Any:
    return {"reduce": ChannelMeans, "pooling": gluon.nn.GlobalAvgPool2D}[layer.by]()


@_block.register
def _(layer: Normalization, shape: Shape) -> Any:
    return gluon.nn.BatchNorm(in_channels=shape[0])


@_block.register
def _(layer: Activation, shape: Shape) -> Any:
    return gluon.nn.Activation(layer.name)


@_block.register
def _(layer: Dropout, shape: Shape) -> Any:
    return gluon.nn.Dropout(layer.rate)


@_block.register
def _(layer: Flat, shape: Shape) -> Any:
    return gluon.nn.Flatten()


@_block.register
def _(layer: Dense, shape: Shape) -> Any:
    channels, height, width = shape
    return gluon.nn.Dense(layer.units, in_units=channels * height * width)


@_block.register
def _(layer: PaddedShortcut, shape: Shape) -> Any:
    return WidenedShortcut(layer, shape[0])


@_block.register
def _(layer: Sum, shape: Shape) -> Any:
    return Residual(layer, shape)


@_block.register
def _(layer: Branches, shape: Shape) -> Any:
    return Joined(layer, shape)


class ChannelMeans(gluon.HybridBlock):
    """The mean of each channel, by MXNet's operator for the means of any axes."""

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """Return (n, channels, 1, 1), in MXNet's namespace ``F``."""
        return F.mean(x, axis=(2, 3), keepdims=True)


class WidenedShortcut(gluon.HybridBlock):
    """Every so many pixels of what it is given, and channels of zeros after its own."""

    def __init__(self, layer: PaddedShortcut, in_channels: int) -> None:
        """Take its plan, and the channels that it is given."""
        super().__init__()
        self._stride, self._added = layer.stride, layer.channels - in_channels

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """Return (n, channels, height', width'), in MXNet's namespace ``F``."""
        step = (None, None, self._stride, self._stride)
        x = F.slice(x, begin=(None,) * 4, end=(None,) * 4, step=step)
        widened = pad(F, F.expand_dims(x, axis=1), (self._added, 0, 0))  # (n, 1, channels, h, w)
        return F.reshape(widened, (0, -3, 0, 0))  # -3: two dimensions as one


class Residual(gluon.HybridBlock):
    """The sum of what two paths make of the same."""

    def __init__(self, layer: Sum, shape: Shape) -> None:
        """Create both paths, for what they are given."""
        super().__init__()
        with self.name_scope():
            self.body, self.shortcut = _path(layer.body, shape), _path(layer.shortcut, shape)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """Return the sum, in MXNet's namespace ``F``."""
        return self.body(x) + self.shortcut(x)


class Joined(gluon.HybridBlock):
    """The channels of what all paths make of the same, one after another."""

    def __init__(self, layer: Branches, shape: Shape) -> None:
        """Create the paths, for what they are given."""
        super().__init__()
        ends = [output(path, shape)[0] for path in layer.paths]
        self._whole_vectors = all(channels % VECTOR == 0 for channels in ends)
        self._shape = layer.output(shape)
        with self.name_scope():
            for path in layer.paths:
                self.register_child(_path(path, shape))

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """Return all channels, in MXNet's namespace ``F``."""
        found = [path(x) for path in self._children.values()]
        if self._whole_vectors:
            return F.concat(*found, dim=1)
        # MXNet 1.9.1 sometimes fails to take other numbers of channels apart again ("could not
        # construct a sub-memory"), but not where it leaves oneDNN out, as with three dimensions.
        rows = [F.reshape(each, (0, 0, -1)) for each in found]
        return F.reshape(F.concat(*rows, dim=1), (0, *self._shape))
