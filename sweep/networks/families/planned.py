"""What networks share that are made of a plan: which images fit, and what they cost."""

from abc import ABC, abstractmethod
from typing import Annotated, Any, ClassVar

from pydantic.dataclasses import dataclass

from sweep.config.fields import STRICT, Before, Counts, Fraction, Switch
from sweep.config.images import Shape
from sweep.config.networks import Network
from sweep.errors import UserError
from sweep.networks import plan as planning
from sweep.networks.initial import Init, Initialized, InitScale
from sweep.networks.plan import (
    Activation,
    Convolution,
    Dense,
    Dropout,
    GlobalMean,
    Means,
    Normalization,
    Plan,
    Pooling,
)


@dataclass(frozen=True, config=STRICT)
class Planned(Initialized, Network, ABC):
    """A network that is made of a plan of its layers.

    Attributes:
        otherwise: what helps besides larger images.
    """

    otherwise: ClassVar[str] = ""

    init: Init
    init_scale: InitScale

    @abstractmethod
    def plan(self, classes: int) -> Plan:
        """Return the layers, the last one with a score for each class."""

    def check(self, shape: Shape) -> None:
        """Check that something is left of an image after each layer.

        Raises:
            UserError: naming the field and what is allowed.
        """
        plan = self.plan(classes=1)
        if not planning.fits(plan, shape):
            _, height, width = shape
            side = planning.least_side(plan)
            raise UserError(
                f"model.name={self.name}: nothing is left of the {height}×{width} image; allowed "
                f"are images of {side}×{side} or more{self.otherwise}"
            )

    def multiplications(self, shape: Shape, classes: int) -> int:
        """Return how many one image needs."""
        return planning.multiplications(self.plan(classes), shape)

    def build(self, shape: Shape, classes: int) -> Any:
        """Return the network: (n, channels, height, width) to (n, classes) float32 scores."""
        from sweep.networks.blocks.planned import PlannedNetwork  # which imports MXNet

        return PlannedNetwork(self.plan(classes), shape, self.name)


@dataclass(frozen=True, config=STRICT)
class Convolutional(Planned, ABC):
    """A planned network of convolutions, with ReLU after each."""

    dropout: Fraction
    batch_norm: Switch

    @property
    def normalized(self) -> Plan:
        """Batch normalisation, if it is asked for."""
        return (Normalization(),) if self.batch_norm else ()

    @property
    def dropped(self) -> Plan:
        """Dropout, if it is asked for."""
        return (Dropout(self.dropout),) if self.dropout else ()

    def convolution(self, channels: int, kernel: int, stride: int = 1, padding: int = 0) -> Plan:
        """Return a convolution with its normalisation, before the activation."""
        bias = not self.batch_norm  # which would take it away again
        return (Convolution(channels, kernel, stride, padding, bias), *self.normalized)

    def activated(self, channels: int, kernel: int, stride: int = 1, padding: int = 0) -> Plan:
        """Return a convolution with its normalisation and its activation."""
        return (*self.convolution(channels, kernel, stride, padding), Activation())

    def hidden_layers(self, units: Counts) -> Plan:
        """Return dense layers, each with its activation and dropout."""
        return tuple(
            layer for each in units for layer in (Dense(each), Activation(), *self.dropped)
        )


@dataclass(frozen=True, config=STRICT)
class Averaged(Convolutional, ABC):
    """A network of convolutions that ends in the mean of each channel."""

    global_mean: Annotated[Means, Before("pooling")]

    @property
    def averaged(self) -> Plan:
        """The mean of each channel."""
        return (GlobalMean(self.global_mean),)


def pooled(plan: Plan, pooling: Pooling) -> Plan:
    """Return a plan that ends in an activation with maximum pooling after it.

    ReLU never decreases, so it may as well come after the pooling, where it has less work.
    """
    *before, activation = plan
    return (*before, pooling, activation)


def check_lengths(field: str, values: Counts, channels: Counts) -> None:
    """Check that a field has an entry for each of ``channels``, and at least one.

    Raises:
        UserError: naming the field and what is allowed.
    """
    if not channels or len(values) != len(channels):
        raise UserError(
            f"model.{field}={list(values)}: there must be one for each of "
            f"model.channels={list(channels)}, and at least one"
        )
