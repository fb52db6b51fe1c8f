"""The multilayer perceptron: ``model=mlp``."""

import math
from typing import Any, Literal

from pydantic.dataclasses import dataclass

from sweep.config.choices import NETWORKS
from sweep.config.fields import STRICT
from sweep.config.images import Shape
from sweep.networks.families.fully_connected import FullyConnected


@NETWORKS.registers("mlp")
@dataclass(frozen=True, config=STRICT)
class MLP(FullyConnected):
    """Dense layers on all pixels of an image."""

    name: Literal["mlp"]

    def multiplications(self, shape: Shape, classes: int) -> int:
        """Return how many one image needs."""
        return self.dense_multiplications(math.prod(shape), classes)

    def build(self, shape: Shape, classes: int) -> Any:
        """Return the network: (n, channels, height, width) to (n, classes) float32 scores."""
        from sweep.networks.blocks.dense import MultilayerPerceptron  # which imports MXNet

        return MultilayerPerceptron(self, inputs=math.prod(shape), classes=classes)
