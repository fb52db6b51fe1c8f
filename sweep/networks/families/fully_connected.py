"""What networks share that end in dense layers with a chosen activation: the MLP and LeNet."""

from abc import ABC
from itertools import pairwise
from typing import Annotated, Literal

from pydantic.dataclasses import dataclass

from sweep.config.fields import STRICT, Before, Counts, Fraction, Switch
from sweep.config.networks import Network
from sweep.networks.initial import Init, Initialized, InitScale

Activation = Literal["tanh", "relu", "sigmoid"]


@dataclass(frozen=True, config=STRICT)
class FullyConnected(Initialized, Network, ABC):
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

    def dense_multiplications(self, inputs: int, classes: int) -> int:
        """Return how many the dense layers need for one image."""
        return sum(before * after for before, after in pairwise((inputs, *self.hidden, classes)))
