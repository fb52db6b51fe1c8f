"""GoogLeNet: ``model=googlenet``."""

from typing import ClassVar, Literal

from pydantic.dataclasses import dataclass

from sweep.config.choices import NETWORKS
from sweep.config.fields import STRICT, Counts, Positive
from sweep.config.images import Shape
from sweep.errors import UserError
from sweep.networks.families.planned import Averaged, pooled
from sweep.networks.families.stems import Stem, stem
from sweep.networks.plan import Branches, Dense, Plan, Pooling

Inception = tuple[int, tuple[int, int], tuple[int, int], int]  # channels of the four paths
STAGES: tuple[tuple[Inception, ...], ...] = (
    (
        (64, (96, 128), (16, 32), 32),
        (128, (128, 192), (32, 96), 64),
    ),
    (
        (192, (96, 208), (16, 48), 64),
        (160, (112, 224), (24, 64), 64),
        (128, (128, 256), (24, 64), 64),
        (112, (144, 288), (32, 64), 64),
        (256, (160, 320), (32, 128), 128),
    ),
    (
        (256, (160, 320), (32, 128), 128),
        (384, (192, 384), (48, 128), 128),
    ),
)
DEEPEST = tuple(len(stage) for stage in STAGES)
HALVED = Pooling("max", kernel=3, stride=2, padding=1)
SMOOTHED = Pooling("max", kernel=3, stride=1, padding=1)


@NETWORKS.registers("googlenet")
@dataclass(frozen=True, config=STRICT)
class GoogLeNet(Averaged):
    """Inception blocks of four paths, in three stages with pooling before each.

    Source: C. Szegedy et al., Going deeper with convolutions (2015), without its side outputs, as
    in Dive into Deep Learning.
    """

    otherwise: ClassVar[str] = ", or model.stem=small"

    name: Literal["googlenet"]
    stem: Stem
    width: Positive
    blocks: Counts

    def check(self, shape: Shape) -> None:
        """Check the number of blocks, and that the images are large enough.

        Raises:
            UserError: naming the field and what is allowed.
        """
        fitting = len(self.blocks) == len(DEEPEST)
        if not fitting or any(map(int.__gt__, self.blocks, DEEPEST)):
            raise UserError(
                f"model.blocks={list(self.blocks)}: allowed is one number for each of the "
                f"{len(DEEPEST)} stages, at most {list(DEEPEST)}"
            )
        super().check(shape)

    def plan(self, classes: int) -> Plan:
        """Return the layers."""
        plan = stem(self, self.stem, self._scaled(64)) + self.activated(self._scaled(64), kernel=1)
        plan += pooled(self.activated(self._scaled(192), kernel=3, padding=1), HALVED)
        for number, (inceptions, count) in enumerate(zip(STAGES, self.blocks, strict=True)):
            plan += (HALVED,) if number else ()
            plan += tuple(self._inception(each) for each in inceptions[:count])
        return (*plan, *self.averaged, *self.dropped, Dense(classes))

    def _inception(self, channels: Inception) -> Branches:
        first, (narrow, second), (narrower, third), fourth = channels
        return Branches(
            (
                self._path((first, 1)),
                self._path((narrow, 1), (second, 3)),
                self._path((narrower, 1), (third, 5)),
                (SMOOTHED, *self._path((fourth, 1))),
            )
        )

    def _path(self, *convolutions: tuple[int, int]) -> Plan:
        return tuple(
            layer
            for channels, kernel in convolutions
            for layer in self.activated(self._scaled(channels), kernel, padding=kernel // 2)
        )

    def _scaled(self, channels: int) -> int:
        return max(1, round(channels * self.width))
