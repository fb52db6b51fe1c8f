"""A network as a plan: its layers, what each makes of an image, and what that costs.

It knows no MXNet: the process of a sweep reads from it which images fit and what they cost.
:mod:`sweep.networks.blocks.planned` makes Gluon blocks of the same plan.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sweep.config.images import Shape

Means = Literal["reduce", "pooling"]
LARGEST_SIDE = 4096  # of an image that a plan may need at least, in pixels


class Layer(ABC):
    """One layer. Shapes are (channels, height, width); a flat layer's is (values, 1, 1)."""

    @abstractmethod
    def output(self, shape: Shape) -> Shape:
        """Return the shape of what it returns; a side below 1 means that nothing is left."""

    def multiplications(self, shape: Shape) -> int:
        """Return how many it needs for one image of this shape."""
        return 0


Plan = tuple[Layer, ...]


@dataclass(frozen=True)
class Convolution(Layer):
    """A square kernel, or another one with a step and black pixels around the image.

    Attributes:
        channels: that it returns.
        kernel: side, in pixels.
        stride: step from one place to the next, in pixels.
        padding: pixels of zeros at each edge.
        bias: whether it adds one; before a normalisation it would be taken away again.
    """

    channels: int
    kernel: int
    stride: int = 1
    padding: int = 0
    bias: bool = True

    def output(self, shape: Shape) -> Shape:
        """Return the channels, and how often the kernel fits in each direction."""
        _, height, width = shape
        return (self.channels, *_fitting(self, height, width))

    def multiplications(self, shape: Shape) -> int:
        """Return the kernel's, at each place."""
        channels, *sides = self.output(shape)
        return channels * math.prod(sides) * shape[0] * self.kernel**2


@dataclass(frozen=True)
class Pooling(Layer):
    """The maximum, or the mean, of the pixels under a square window.

    Attributes:
        kind: of the two.
        kernel: side, in pixels.
        stride: step from one place to the next, in pixels.
        padding: pixels at each edge, which no maximum is taken of.
    """

    kind: Literal["max", "avg"]
    kernel: int
    stride: int
    padding: int = 0

    def output(self, shape: Shape) -> Shape:
        """Return the channels, and how often the window fits in each direction."""
        channels, height, width = shape
        return (channels, *_fitting(self, height, width))


def _fitting(layer: Convolution | Pooling, height: int, width: int) -> tuple[int, int]:
    high, wide = (
        (side + 2 * layer.padding - layer.kernel) // layer.stride + 1 for side in (height, width)
    )
    return high, wide


@dataclass(frozen=True)
class GlobalMean(Layer):
    """The mean of each channel.

    Attributes:
        by: the operator that computes it. oneDNN has only slow reference code for the gradient of
            the one that pools, and hands on a layout for which normalisations before it have no
            other code either. The low bits of the two differ.
    """

    by: Means

    def output(self, shape: Shape) -> Shape:
        """Return a value for each channel."""
        return (shape[0], 1, 1)


@dataclass(frozen=True)
class Normalization(Layer):
    """Batch normalisation of each channel: by the batch in training, else by running means."""

    def output(self, shape: Shape) -> Shape:
        """Return the same."""
        return shape


@dataclass(frozen=True)
class Activation(Layer):
    """A function of each value: ``relu``, ``tanh``, ``sigmoid``."""

    name: str = "relu"

    def output(self, shape: Shape) -> Shape:
        """Return the same."""
        return shape


@dataclass(frozen=True)
class Dropout(Layer):
    """In training, this part of the values is set to 0, at random."""

    rate: float

    def output(self, shape: Shape) -> Shape:
        """Return the same."""
        return shape


@dataclass(frozen=True)
class Flat(Layer):
    """All values in a row."""

    def output(self, shape: Shape) -> Shape:
        """Return one value after the other."""
        return (math.prod(shape), 1, 1)


@dataclass(frozen=True)
class Dense(Layer):
    """A fully connected layer, on all values."""

    units: int

    def output(self, shape: Shape) -> Shape:
        """Return a value for each unit."""
        return (self.units, 1, 1)

    def multiplications(self, shape: Shape) -> int:
        """Return one for each value and unit."""
        return math.prod(shape) * self.units


@dataclass(frozen=True)
class PaddedShortcut(Layer):
    """The image itself, every so many pixels, with channels of zeros after its own.

    Attributes:
        channels: that it returns, at least those that it is given.
        stride: step from one pixel to the next.
    """

    channels: int
    stride: int

    def output(self, shape: Shape) -> Shape:
        """Return the channels, and the sides divided by the step, rounded up."""
        _, height, width = shape
        return (self.channels, -(-height // self.stride), -(-width // self.stride))


@dataclass(frozen=True)
class Sum(Layer):
    """The sum of what two paths make of the same image; an empty path is the image itself."""

    body: Plan
    shortcut: Plan

    def output(self, shape: Shape) -> Shape:
        """Return what both paths return."""
        return output(self.body, shape)

    def multiplications(self, shape: Shape) -> int:
        """Return those of both paths."""
        return sum(multiplications(path, shape) for path in (self.body, self.shortcut))


@dataclass(frozen=True)
class Branches(Layer):
    """The channels of all paths, one after another; an empty path is the image itself."""

    paths: tuple[Plan, ...]

    def output(self, shape: Shape) -> Shape:
        """Return the channels of all paths, which have the same sides."""
        found = [output(path, shape) for path in self.paths]
        return (sum(channels for channels, _, _ in found), *found[0][1:])

    def multiplications(self, shape: Shape) -> int:
        """Return those of all paths."""
        return sum(multiplications(path, shape) for path in self.paths)


def shapes(plan: Plan, shape: Shape) -> Iterator[tuple[Layer, Shape]]:
    """Yield each layer with the shape that it is given."""
    for layer in plan:
        yield layer, shape
        shape = layer.output(shape)


def output(plan: Plan, shape: Shape) -> Shape:
    """Return the shape of what the plan makes of an image of this shape."""
    for layer, given in shapes(plan, shape):
        shape = layer.output(given)
    return shape


def multiplications(plan: Plan, shape: Shape) -> int:
    """Return how many one image needs."""
    return sum(layer.multiplications(given) for layer, given in shapes(plan, shape))


def fits(plan: Plan, shape: Shape) -> bool:
    """Return whether something is left of an image of this shape after every layer."""
    return all(min(layer.output(given)) > 0 for layer, given in shapes(plan, shape))


def least_side(plan: Plan) -> int:
    """Return the side of the smallest square image of which something is left, in pixels."""
    sides = range(1, LARGEST_SIDE)
    return next((side for side in sides if fits(plan, (1, side, side))), LARGEST_SIDE)
