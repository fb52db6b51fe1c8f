"""AlexNet: ``model=alexnet``."""

from typing import ClassVar, Literal

from pydantic.dataclasses import dataclass

from sweep.config.choices import NETWORKS
from sweep.config.fields import STRICT, Count, Counts, Size
from sweep.config.images import Shape
from sweep.errors import UserError
from sweep.networks.families.planned import Convolutional, check_lengths, pooled
from sweep.networks.plan import Dense, Plan, Pooling

POOLED = (1, 2)  # convolutions that pooling comes after, counted from 1, besides the last
POOLING = Pooling("max", kernel=3, stride=2)


@NETWORKS.registers("alexnet")
@dataclass(frozen=True, config=STRICT)
class AlexNet(Convolutional):
    """Convolutions with pooling after the first, the second and the last; then dense layers.

    Source: A. Krizhevsky et al., ImageNet classification with deep convolutional neural networks
    (2012), in the form of Dive into Deep Learning. All convolutions but the first keep the size.
    """

    otherwise: ClassVar[str] = ", or smaller model.kernels or model.stride"

    name: Literal["alexnet"]
    channels: Counts
    kernels: Counts
    stride: Count
    padding: Size
    hidden: Counts

    def check(self, shape: Shape) -> None:
        """Check that there are convolutions to pool after, and that the images are large enough.

        Raises:
            UserError: naming the field and what is allowed.
        """
        check_lengths("kernels", self.kernels, self.channels)
        if len(self.channels) <= len(POOLED):
            raise UserError(
                f"model.channels={list(self.channels)}: too few convolutions; allowed are "
                f"{len(POOLED) + 1} or more, as in [32,64,96,96,64]"
            )
        super().check(shape)

    def plan(self, classes: int) -> Plan:
        """Return the layers."""
        first, *later = zip(self.channels, self.kernels, strict=True)
        convolutions = [self.activated(*first, self.stride, self.padding)]
        convolutions += [self.activated(*each, padding=each[1] // 2) for each in later]
        plan: Plan = ()
        for number, layers in enumerate(convolutions, 1):
            is_pooled = number in (*POOLED, len(convolutions))
            plan += pooled(layers, POOLING) if is_pooled else layers
        return (*plan, *self.hidden_layers(self.hidden), Dense(classes))
