"""Network in network: ``model=nin``."""

from typing import ClassVar, Literal

from pydantic.dataclasses import dataclass

from sweep.config.choices import NETWORKS
from sweep.config.fields import STRICT, Count, Counts, Size
from sweep.config.images import Shape
from sweep.networks.families.planned import Averaged, check_lengths, pooled
from sweep.networks.plan import Flat, Plan, Pooling

POOLING = Pooling("max", kernel=3, stride=2)


@NETWORKS.registers("nin")
@dataclass(frozen=True, config=STRICT)
class NiN(Averaged):
    """Blocks of a convolution and two of 1×1, with pooling after each; no dense layer.

    The last block has a channel for each class, whose mean is the score. Source: M. Lin et al.,
    Network in network (2013), in the form of Dive into Deep Learning: there is a ReLU after the
    last convolution too. All convolutions but the first keep the size.
    """

    otherwise: ClassVar[str] = ", or smaller model.kernels or model.stride"

    name: Literal["nin"]
    channels: Counts
    kernels: Counts
    stride: Count
    padding: Size

    def check(self, shape: Shape) -> None:
        """Check the number of kernels, and that the images are large enough.

        Raises:
            UserError: naming the field and what is allowed.
        """
        check_lengths("kernels", self.kernels, self.channels)
        super().check(shape)

    def plan(self, classes: int) -> Plan:
        """Return the layers."""
        later = zip(self.channels[1:], self.kernels[1:], strict=True)
        blocks = [self._block(self.channels[0], self.kernels[0], self.stride, self.padding)]
        blocks += [self._block(channels, kernel, 1, kernel // 2) for channels, kernel in later]
        body = tuple(layer for block in blocks for layer in pooled(block, POOLING))
        scores = self._block(classes, 3, 1, 1)
        return (*body, *self.dropped, *scores, *self.averaged, Flat())

    def _block(self, channels: int, kernel: int, stride: int, padding: int) -> Plan:
        first = self.activated(channels, kernel, stride, padding)
        return first + self.activated(channels, kernel=1) * 2
