"""The fields that the networks of this package share: dense layers at their end, their start."""

from abc import ABC
from itertools import pairwise
from typing import Any, Literal

from pydantic.dataclasses import dataclass

from sweep.config.choices import Network
from sweep.config.fields import STRICT, Counts, Positive

Activation = Literal["tanh", "relu", "sigmoid"]


@dataclass(frozen=True, config=STRICT)
class FullyConnected(Network, ABC):
    """A network that ends in dense layers, with one activation and one kind of initial weights."""

    hidden: Counts
    activation: Activation
    output_activation: Activation | None
    init: Literal["xavier", "normal"]
    init_scale: Positive | None

    @property
    def label(self) -> str:
        """The network's name and its activation."""
        return f"{self.name} {self.activation}"

    def initializer(self) -> Any:
        """Return Xavier's initialiser (magnitude 3 by default), or a normal one (0.01)."""
        from sweep.backend.mxnet import mx  # the process of a sweep never loads it

        if self.init == "xavier":
            return mx.init.Xavier(magnitude=self.init_scale or 3)
        return mx.init.Normal(sigma=self.init_scale or 0.01)

    def dense_multiplications(self, inputs: int, classes: int) -> int:
        """Return how many the dense layers need for one image."""
        return sum(before * after for before, after in pairwise((inputs, *self.hidden, classes)))
