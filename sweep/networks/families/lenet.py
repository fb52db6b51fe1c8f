"""LeNet: ``model=lenet``."""

import math
from typing import Any, Literal

from pydantic.dataclasses import dataclass

from sweep.config.choices import NETWORKS
from sweep.config.fields import STRICT, Count, Counts
from sweep.config.images import Shape
from sweep.environment import float_lanes
from sweep.errors import UserError
from sweep.networks.families.fully_connected import FullyConnected
from sweep.networks.families.planned import check_lengths

WORTHWHILE_PADDING = 2.0  # times the multiplications, at most


@NETWORKS.registers("lenet")
@dataclass(frozen=True, config=STRICT)
class LeNet(FullyConnected):
    """Convolution, pooling and activation, as often as there are channels; then dense layers.

    Source: Y. LeCun et al., Gradient-based learning applied to document recognition (1998), in
    the form of MXNet's tutorials.
    """

    name: Literal["lenet"]
    channels: Counts
    kernels: Counts
    pooling: Literal["max", "avg"]
    pool_size: Count
    pool_stride: Count

    def check(self, shape: Shape) -> None:
        """Check that something is left of an image after each pooling.

        Raises:
            UserError: naming the field and what is allowed.
        """
        check_lengths("kernels", self.kernels, self.channels)
        _, height, width = shape
        sizes = self.sizes(shape)
        gone = [number for number, size in enumerate(sizes, 1) if min(size) < 1]
        if gone:
            left = [f"{max(h, 0)}×{max(w, 0)}" for h, w in sizes[: gone[0]]]
            side = self.least_side()
            raise UserError(
                f"model.kernels={list(self.kernels)}: nothing is left of the {height}×{width} "
                f"image; its size after each pooling would be [{', '.join(left)}]; allowed are "
                f"images of {side}×{side} or more, or smaller kernels, model.pool_size or "
                "model.pool_stride"
            )

    def least_side(self) -> int:
        """Return the side of the smallest square image of which something is left, in pixels."""
        side = 1
        for kernel in reversed(self.kernels):
            side = (side - 1) * self.pool_stride + self.pool_size + kernel - 1
        return side

    def sizes(self, shape: Shape) -> list[tuple[int, int]]:
        """Return height and width of the feature maps, in pixels, after each pooling."""
        (_, height, width), sizes = shape, []
        for kernel in self.kernels:
            height, width = self._pooled(height - kernel + 1), self._pooled(width - kernel + 1)
            sizes.append((height, width))
        return sizes

    def _pooled(self, side: int) -> int:
        return (side - self.pool_size) // self.pool_stride + 1

    def features(self, shape: Shape) -> int:
        """Return how many values the dense layers are given."""
        return self.channels[-1] * math.prod(self.sizes(shape)[-1])

    def multiplications(self, shape: Shape, classes: int) -> int:
        """Return how many one image needs."""
        convolutions = self.convolution_multiplications(shape, self.channels)
        return convolutions + self.dense_multiplications(self.features(shape), classes)

    def convolution_multiplications(self, shape: Shape, channels: tuple[int, ...]) -> int:
        """Return how many the convolutions need for one image, with so many channels."""
        before, height, width = shape
        total = 0
        for after, kernel, pooled in zip(channels, self.kernels, self.sizes(shape), strict=True):
            outputs = (height - kernel + 1) * (width - kernel + 1)
            total += before * after * kernel**2 * outputs
            before, (height, width) = after, pooled
        return total

    def padded_channels(self, shape: Shape, lanes: int) -> tuple[int, ...]:
        """Return the channels with which the convolutions are computed fastest.

        oneDNN has direct kernels for channels in multiples of the processor's vector, and for
        others a general one that does less than half as many multiplications a second (measured for
        20 and 50 channels, with AVX2 and AVX-512). So zeros are added, unless they double the work.

        Args:
            shape: of an image.
            lanes: float32 values in one of the processor's vectors.
        """
        if self.batch_norm:  # which would have to know what is padding
            return self.channels
        padded = tuple(math.ceil(each / lanes) * lanes for each in self.channels)
        work = self.convolution_multiplications(shape, padded)
        ratio = work / self.convolution_multiplications(shape, self.channels)
        return padded if ratio <= WORTHWHILE_PADDING else self.channels

    def build(self, shape: Shape, classes: int) -> Any:
        """Return the network: (n, channels, height, width) to (n, classes) float32 scores."""
        padded = self.padded_channels(shape, float_lanes())
        return self._network(shape, classes, padded)

    def build_plain(self, shape: Shape, classes: int) -> Any:
        """Return the network without padding, which computes the same."""
        return self._network(shape, classes, self.channels)

    def _network(self, shape: Shape, classes: int, padded: tuple[int, ...]) -> Any:
        from sweep.networks.blocks.lenet import LeNetwork  # which imports MXNet

        return LeNetwork(
            self,
            in_channels=shape[0],
            padded=padded,
            features=self.features(shape),
            classes=classes,
        )
