"""Residual networks: ``model=resnet``, and ``model=resnet20`` for small images."""

from typing import ClassVar, Literal

from pydantic.dataclasses import dataclass

from sweep.config.choices import NETWORKS
from sweep.config.fields import STRICT, Counts
from sweep.config.images import Shape
from sweep.errors import UserError
from sweep.networks.families.planned import Averaged, check_lengths
from sweep.networks.families.stems import Stem, stem
from sweep.networks.plan import (
    Activation,
    Convolution,
    Dense,
    PaddedShortcut,
    Plan,
    Sum,
)


@NETWORKS.registers("resnet")
@dataclass(frozen=True, config=STRICT)
class ResNet(Averaged):
    """Residual blocks of two convolutions of 3×3, in stages that halve the size.

    Source: K. He et al., Deep residual learning for image recognition (2015). Where a block changes
    the size or the channels, its shortcut is the image with channels of zeros (``padding``, their
    option A), or a convolution of 1×1 without normalisation (``projection``, as in Dive into Deep
    Learning).
    """

    otherwise: ClassVar[str] = ", or model.stem=small"

    name: Literal["resnet"]
    stem: Stem
    channels: Counts
    blocks: Counts
    shortcut: Literal["projection", "padding"]

    @property
    def label(self) -> str:
        """The name with the number of layers that have weights, as in ``resnet18``."""
        return f"{self.name}{2 + 2 * sum(self.blocks)}"

    def check(self, shape: Shape) -> None:
        """Check the number of blocks, the shortcuts, and that the images are large enough.

        Raises:
            UserError: naming the field and what is allowed.
        """
        check_lengths("blocks", self.blocks, self.channels)
        if self.shortcut == "padding" and list(self.channels) != sorted(self.channels):
            raise UserError(
                f"model.channels={list(self.channels)}: model.shortcut=padding only adds channels; "
                "allowed are numbers that never fall, or model.shortcut=projection"
            )
        super().check(shape)

    def plan(self, classes: int) -> Plan:
        """Return the layers."""
        before = self.channels[0]
        plan = stem(self, self.stem, before)
        for stage, (channels, blocks) in enumerate(zip(self.channels, self.blocks, strict=True)):
            for block in range(blocks):
                stride = 2 if stage and not block else 1
                plan += self._block(before, channels, stride)
                before = channels
        return (*plan, *self.averaged, *self.dropped, Dense(classes))

    def _block(self, before: int, channels: int, stride: int) -> Plan:
        first = self.activated(channels, 3, stride, padding=1)
        body = first + self.convolution(channels, 3, padding=1)
        same = (before, 1) == (channels, stride)
        return (Sum(body, () if same else self._shortcut(channels, stride)), Activation())

    def _shortcut(self, channels: int, stride: int) -> Plan:
        return {
            "projection": (Convolution(channels, kernel=1, stride=stride),),
            "padding": (PaddedShortcut(channels, stride),),
        }[self.shortcut]
