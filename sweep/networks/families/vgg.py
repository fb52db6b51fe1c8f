"""VGG: ``model=vgg``."""

from typing import ClassVar, Literal

from pydantic.dataclasses import dataclass

from sweep.config.choices import NETWORKS
from sweep.config.fields import STRICT, Counts
from sweep.config.images import Shape
from sweep.networks.families.planned import Convolutional, check_lengths, pooled
from sweep.networks.plan import Dense, Plan, Pooling

POOLING = Pooling("max", kernel=2, stride=2)


@NETWORKS.registers("vgg")
@dataclass(frozen=True, config=STRICT)
class VGG(Convolutional):
    """Blocks of convolutions of 3×3, each with pooling at its end; then dense layers.

    Source: K. Simonyan and A. Zisserman, Very deep convolutional networks for large-scale image
    recognition (2014).
    """

    otherwise: ClassVar[str] = ", or fewer of model.channels and model.blocks"

    name: Literal["vgg"]
    channels: Counts
    blocks: Counts
    hidden: Counts

    def check(self, shape: Shape) -> None:
        """Check the number of blocks, and that the images are large enough.

        Raises:
            UserError: naming the field and what is allowed.
        """
        check_lengths("blocks", self.blocks, self.channels)
        super().check(shape)

    def plan(self, classes: int) -> Plan:
        """Return the layers."""
        plan: Plan = ()
        for channels, convolutions in zip(self.channels, self.blocks, strict=True):
            plan += pooled(self.activated(channels, kernel=3, padding=1) * convolutions, POOLING)
        return (*plan, *self.hidden_layers(self.hidden), Dense(classes))
