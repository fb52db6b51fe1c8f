"""DenseNet: ``model=densenet``."""

from typing import ClassVar, Literal

from pydantic.dataclasses import dataclass

from sweep.config.choices import NETWORKS
from sweep.config.fields import STRICT, Count, Counts
from sweep.config.images import Shape
from sweep.errors import UserError
from sweep.networks.families.planned import Averaged
from sweep.networks.families.stems import Stem, stem
from sweep.networks.plan import (
    Activation,
    Branches,
    Convolution,
    Dense,
    Plan,
    Pooling,
)

HALVED = Pooling("avg", kernel=2, stride=2)


@NETWORKS.registers("densenet")
@dataclass(frozen=True, config=STRICT)
class DenseNet(Averaged):
    """Blocks in which each convolution's channels are added to all that it was given.

    Between blocks, a convolution of 1×1 halves the channels, and average pooling the size. Source:
    G. Huang et al., Densely connected convolutional networks (2017), in the form of Dive into Deep
    Learning, without bottlenecks.
    """

    otherwise: ClassVar[str] = ", or fewer model.blocks, or model.stem=small"

    name: Literal["densenet"]
    stem: Stem
    stem_channels: Count
    growth: Count
    blocks: Counts

    def check(self, shape: Shape) -> None:
        """Check that there are blocks, and that the images are large enough.

        Raises:
            UserError: naming the field and what is allowed.
        """
        if not self.blocks:
            raise UserError("model.blocks=[]: allowed is one number or more, as in [4,4,4]")
        super().check(shape)

    def plan(self, classes: int) -> Plan:
        """Return the layers."""
        plan = stem(self, self.stem, self.stem_channels)
        channels = self.stem_channels
        *others, last = self.blocks
        for convolutions in others:
            channels += convolutions * self.growth
            plan += self._block(convolutions)
            channels //= 2
            plan += (*self._before(channels, kernel=1), HALVED)
        plan += self._block(last)
        end = (*self.normalized, Activation(), *self.averaged, *self.dropped)
        return (*plan, *end, Dense(classes))

    def _block(self, convolutions: int) -> Plan:
        return (Branches(((), self._before(self.growth, kernel=3))),) * convolutions

    def _before(self, channels: int, kernel: int) -> Plan:
        """Return a convolution whose normalisation and activation come before it."""
        convolution = Convolution(channels, kernel, padding=kernel // 2)
        return (*self.normalized, Activation(), convolution)
