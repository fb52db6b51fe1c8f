"""The first layers of deep networks, before their stages."""

from typing import Literal

from sweep.networks.families.planned import Convolutional, pooled
from sweep.networks.plan import Plan, Pooling

Stem = Literal["small", "large"]


def stem(network: Convolutional, kind: Stem, channels: int) -> Plan:
    """Return the layers that come first.

    Args:
        network: whose normalisation they have.
        kind: ``small`` is a convolution of 3×3, which keeps the size, as K. He et al. (2015) have
            it for CIFAR; ``large`` is one of 7×7 in steps of 2, and maximum pooling, as they and
            Dive into Deep Learning have it for images of 96 pixels and more.
        channels: that they return.
    """
    return {
        "small": lambda: network.activated(channels, kernel=3, padding=1),
        "large": lambda: pooled(
            network.activated(channels, kernel=7, stride=2, padding=3), Pooling("max", 3, 2, 1)
        ),
    }[kind]()
