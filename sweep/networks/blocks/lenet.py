"""LeNet as a Gluon block, arranged for speed."""

from itertools import pairwise
from typing import Any

from sweep.backend.mxnet import gluon
from sweep.networks.blocks.dense import add_dense
from sweep.networks.blocks.padding import pad
from sweep.networks.families.lenet import LeNet


class LeNetwork(gluon.nn.HybridSequential):
    """LeNet: (n, channels, height, width) float32 to (n, classes) float32 scores.

    Max-pooling comes before the activation, not after it: tanh, ReLU and sigmoid never decrease,
    so the function is the same, and the activation has a quarter of the work. Channels are padded
    with zeros where that is faster, and what was added is cut off again.
    """

    def __init__(
        self,
        network: LeNet,
        in_channels: int,
        padded: tuple[int, ...],
        features: int,
        classes: int,
    ) -> None:
        """Create the layers, with all sizes known, so that they can be initialised at once.

        Args:
            network: its fields.
            in_channels: of an image.
            padded: channels after each convolution with the zeros that are added.
            features: values that the dense layers are given.
            classes: scores of an image.
        """
        super().__init__(prefix="lenet_")
        pooling = {"max": gluon.nn.MaxPool2D, "avg": gluon.nn.AvgPool2D}[network.pooling]
        real, widened = (in_channels, *network.channels), (in_channels, *padded)
        sizes = zip(pairwise(real), pairwise(widened), network.kernels, strict=True)
        with self.name_scope():
            for (before, after), widths, kernel in sizes:
                if network.batch_norm:  # takes a bias away again
                    self.add(gluon.nn.Conv2D(after, kernel, in_channels=before, use_bias=False))
                    self.add(gluon.nn.BatchNorm(in_channels=after))
                else:
                    self.add(_PaddedConvolution(after, kernel, before, widths))
                pool = pooling(network.pool_size, network.pool_stride)
                activation = gluon.nn.Activation(network.activation)
                self.add(*((pool, activation) if network.pooling == "max" else (activation, pool)))
            self._convolutional = len(self)
            add_dense(self, network, features, classes)
        self._channels, self._padded = real[-1], widened[-1]

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
            weight = F.reshape(weight, (1, 1, channels, in_channels, kernel**2))
            weight = pad(F, weight, (after - channels, before - in_channels, 0))
            weight = F.reshape(weight, (after, before, kernel, kernel))
            bias = F.reshape(bias, (1, 1, 1, 1, channels))
            bias = F.reshape(pad(F, bias, (0, 0, after - channels)), (after,))
        return F.Convolution(x, weight, bias, kernel=(kernel, kernel), num_filter=after)
