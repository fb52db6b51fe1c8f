"""The fields that the networks of this package share: dense layers at their end, their start."""

from abc import ABC
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic.dataclasses import dataclass

from sweep.config.choices import Network
from sweep.config.fields import STRICT, Before, Counts, Fraction, Switch
from sweep.networks.initial import Init, InitScale, initializer

Activation = Literal["tanh", "relu", "sigmoid"]


@dataclass(frozen=True, config=STRICT)
class FullyConnected(Network, ABC):
    """A network that ends in dense layers, with one activation and one kind of initial weights."""

    hidden: Counts
    activation: Activation
    output_activation: Activation | None
    init: Init
    init_scale: InitScale
    dropout: Annotated[Fraction, Before(0.0)]
    batch_norm: Annotated[Switch, Before(False)]

    @property
    def label(self) -> str:
        """The network's name and its activation."""
        return f"{self.name} {self.activation}"

    def initializer(self) -> Any:
        """Return what ``init`` and ``init_scale`` ask for."""
        return initializer(self.init, self.init_scale)

    def dense_multiplications(self, inputs: int, classes: int) -> int:
        """Return how many the dense layers need for one image."""
        return sum(before * after for before, after in pairwise((inputs, *self.hidden, classes)))
