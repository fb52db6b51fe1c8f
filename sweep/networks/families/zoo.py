"""The networks of Gluon's model zoo, with new weights: ``model=zoo model.net=resnet18_v1``."""

from typing import Any, Literal, NamedTuple

from pydantic.dataclasses import dataclass

from sweep.config.choices import NETWORKS
from sweep.config.fields import STRICT, Text
from sweep.config.images import Shape
from sweep.config.networks import Network
from sweep.errors import UserError, either, nearest
from sweep.networks.initial import Init, Initialized, InitScale


class Facts(NamedTuple):
    """What is known about a network of the zoo before it is built.

    Attributes:
        least_side: of the smallest square image that it takes, in pixels.
        per_pixel: multiplications of its convolutions for a pixel of a large image.
        dense: multiplications of its hidden dense layers, at least.
        most_side: of the largest image; a larger one has several answers for each class.
    """

    least_side: int
    per_pixel: int
    dense: int = 0
    most_side: int | None = None


# Read from the graphs of gluon.model_zoo.vision in MXNet 1.9.1 for images of 224×224 (299×299 for
# Inception). Dense layers: 4,096 units twice.
FACTS = {
    "alexnet": Facts(63, 13_065, 4096**2),
    "densenet121": Facts(221, 56_464),
    "densenet161": Facts(221, 153_972),
    "densenet169": Facts(221, 66_928),
    "densenet201": Facts(221, 85_488),
    "inceptionv3": Facts(299, 63_883),
    "mobilenet0.25": Facts(1, 813),
    "mobilenet0.5": Facts(1, 2_969),
    "mobilenet0.75": Facts(1, 6_470),
    "mobilenet1.0": Facts(1, 11_314),
    "mobilenetv2_0.25": Facts(1, 607),
    "mobilenetv2_0.5": Facts(1, 1_839),
    "mobilenetv2_0.75": Facts(1, 3_720),
    "mobilenetv2_1.0": Facts(1, 6_250),
    "resnet101_v1": Facts(1, 150_832),
    "resnet101_v2": Facts(1, 155_440),
    "resnet152_v1": Facts(1, 224_816),
    "resnet152_v2": Facts(1, 229_424),
    "resnet18_v1": Facts(1, 36_144),
    "resnet18_v2": Facts(1, 36_144),
    "resnet34_v1": Facts(1, 73_008),
    "resnet34_v2": Facts(1, 73_008),
    "resnet50_v1": Facts(1, 76_848),
    "resnet50_v2": Facts(1, 81_456),
    "squeezenet1.0": Facts(213, 16_321, most_side=420),
    "squeezenet1.1": Facts(209, 6_959, most_side=416),
    "vgg11": Facts(32, 149_184, 4096**2),
    "vgg11_bn": Facts(32, 149_184, 4096**2),
    "vgg13": Facts(32, 222_912, 4096**2),
    "vgg13_bn": Facts(32, 222_912, 4096**2),
    "vgg16": Facts(32, 305_856, 4096**2),
    "vgg16_bn": Facts(32, 305_856, 4096**2),
    "vgg19": Facts(32, 388_800, 4096**2),
    "vgg19_bn": Facts(32, 388_800, 4096**2),
}

for each in FACTS:
    NETWORKS.refuse(each, f"is in Gluon's model zoo; allowed instead is model=zoo model.net={each}")


@NETWORKS.registers("zoo")
@dataclass(frozen=True, config=STRICT)
class Zoo(Initialized, Network):
    """A network of ``gluon.model_zoo.vision``, as it is there."""

    name: Literal["zoo"]
    net: Text
    init: Init
    init_scale: InitScale

    @property
    def label(self) -> str:
        """The network's name in the zoo."""
        return self.net

    def check(self, shape: Shape) -> None:
        """Check that there is such a network, and that the images are large enough for it.

        Raises:
            UserError: naming the field and what is allowed.
        """
        _, height, width = shape
        side, most = self.facts().least_side, self.facts().most_side
        if most and max(height, width) > most:
            raise UserError(
                f"model.net={self.net}: has several answers for each class of a {height}×{width} "
                f"image; allowed are images of {most}×{most} or less"
            )
        if min(height, width) < side:
            fitting = [
                net for net, facts in FACTS.items() if min(height, width) >= facts.least_side
            ]
            raise UserError(
                f"model.net={self.net}: nothing is left of the {height}×{width} image; allowed are "
                f"images of {side}×{side} or more, or for these images {either(fitting)}"
            )

    def facts(self) -> Facts:
        """Return what is known about the network.

        Raises:
            UserError: there is no such network in the zoo.
        """
        if self.net not in FACTS:
            raise UserError(
                f"model.net={self.net}{nearest(self.net, list(FACTS))}: allowed is {either(FACTS)}"
            )
        return FACTS[self.net]

    def multiplications(self, shape: Shape, classes: int) -> int:
        """Return how many one image needs, roughly."""
        _, height, width = shape
        facts = self.facts()
        return facts.per_pixel * height * width + facts.dense

    def build(self, shape: Shape, classes: int) -> Any:
        """Return the network: (n, channels, height, width) to (n, classes) float32 scores.

        The sizes of its parameters are known once it was given images.
        """
        from sweep.networks.blocks.zoo import zoo_network  # which imports MXNet

        return zoo_network(self.net, classes)
