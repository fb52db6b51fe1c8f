"""What a network has to be, to be chosen by name."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass as plain_dataclass
from pathlib import Path
from typing import Any, ClassVar

from pydantic.dataclasses import dataclass

from sweep.config.fields import STRICT
from sweep.config.images import Shape
from sweep.config.losses import Loss
from sweep.config.own_metrics import OwnMetrics
from sweep.config.own_targets import Call


@dataclass(frozen=True, config=STRICT)
class Network(ABC):
    """A network for images of some shape and some number of classes.

    Attributes:
        is_unknown: whether it has yet to be tried, once, before anything trains.
        source: the folder with the modules that it is built from, if they are a user's: they are
            recorded with each run.
        call: what makes it, if that is a user's.
    """

    is_unknown: ClassVar[bool] = False
    source: ClassVar[Path | None] = None
    call: ClassVar[Call | None] = None

    name: str

    @property
    def label(self) -> str:
        """What names a run with this network, as in ``lenet tanh``."""
        return self.name

    def tried(self, shape: Shape, classes: int, keep: Path) -> "Tried":
        """Build the network, and give it images of this shape; in a process that has MXNet.

        Args:
            shape: of an image.
            classes: scores of an image.
            keep: a folder for the modules that it is built from.

        Raises:
            UserError: it does not build, or does not fit the images.
        """
        return Tried(self)

    def built_from(self, folder: Path) -> "Network":
        """Return the same network, built from modules in another folder, if it is of any."""
        return self

    def known_by(self, folder: Path) -> "Network":
        """Return the same network, known by all modules in a folder, those of others too."""
        return self

    def check(self, shape: Shape) -> None:  # noqa: B027 - most networks take any image
        """Check that the fields fit each other, and that images of this shape can be taken.

        Raises:
            UserError: naming the field and what is allowed.
        """

    def check_anew(self, shape: Shape, classes: int) -> None:  # noqa: B027 - most networks can
        """Check that the network can be trained with what its seed draws, as it was tried.

        Raises:
            UserError: it has to start from trained parameters.
        """

    @abstractmethod
    def multiplications(self, shape: Shape, classes: int) -> int:
        """Return how many one image needs, roughly: longer runs are started first."""

    @abstractmethod
    def build(self, shape: Shape, classes: int) -> Any:
        """Return the network as a Gluon ``HybridBlock``, not initialised.

        It takes (n, channels, height, width) float32 and returns (n, classes) float32 scores.
        """

    def build_plain(self, shape: Shape, classes: int) -> Any:
        """Return the network as it is drawn, and built for GPUs: without what is for a CPU."""
        return self.build(shape, classes)

    def builder(self, device: str) -> Callable[[Shape, int], Any]:
        """Return what builds the network, all modules of a user's that it needs being imported.

        What makes it faster on a processor would only be more work for a GPU.

        Args:
            device: ``cpu`` or ``gpu``.
        """
        return self.build if device == "cpu" else self.build_plain

    def initializer(self) -> Any:
        """Return the ``mxnet.initializer.Initializer`` of the weights; None for Xavier's."""
        return None


@plain_dataclass(frozen=True)
class Tried:
    """A network that was built and tried.

    Attributes:
        network: as it is trained: what was found out about it is in its fields.
        note: lines that a user should read; empty if there are none.
        loss: that it is trained by, if it was tried too; None if it was known already.
        metrics: of the user's own that it is measured by, if they were tried too.
    """

    network: Network
    note: str = ""
    loss: Loss | None = None
    metrics: OwnMetrics | None = None
