"""What a network, an optimiser, a schedule and a dataset have to be, to be chosen by name.

Each is a class that holds its fields, with their bounds, and the facts about it. Its module
registers it, and a file in ``conf/`` has the fields' defaults. None of these modules imports MXNet
when it is imported: the process of a sweep reads the facts and never trains.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass as plain_dataclass
from dataclasses import field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic.dataclasses import dataclass

from sweep.config.fields import STRICT, Before, Limit, NonNegative, Role, Size, allowed
from sweep.config.images import Framing, Images, Shape
from sweep.config.losses import LOSSES, Loss
from sweep.config.own_metrics import OwnMetrics
from sweep.config.own_targets import Call
from sweep.config.registry import Registry
from sweep.config.tasks import Task
from sweep.errors import UserError, in_full

Normalize = Annotated[Literal["unit", "standard"] | None, allowed("null, unit or standard")]


@dataclass(frozen=True, config=STRICT)
class DatasetConfig(ABC):
    """A dataset: which images, and how many of them are held out.

    Attributes:
        framing: how pictures become images such as these; None if they are only scaled.
        tasks: what its labels can be read for.
        runs_code: whether a user's code is run to read it, which may load anything.
        unread: the fields that it has for the other datasets of a sweep, and does not use itself.
        task: what they are read for. It is in the digest, as the labels are.
        normalize: what the network is given of an image: see :mod:`sweep.data.scaling`.
    """

    framing: ClassVar[Framing | None] = None
    tasks: ClassVar[tuple[Task, ...]] = ("classification",)
    runs_code: ClassVar[bool] = False
    unread: ClassVar[tuple[str, ...]] = ()

    name: str
    val_size: Size
    # Their defaults are in conf/config.yaml, for all datasets; here for those made in code.
    task: Annotated[Task, Role.RECORD, Before("classification")] = field(
        default="classification", kw_only=True
    )
    normalize: Annotated[Normalize, Before("unit")] = field(default="unit", kw_only=True)

    @property
    def validates(self) -> bool:
        """Whether images are held out to validate on."""
        return bool(self.val_size)

    def held_out(self, train_size: int) -> int:
        """Return how many of so many training images are held out."""
        return self.val_size

    def check(self) -> None:  # noqa: B027 - the fields of most fit each other
        """Check that the fields fit each other.

        Raises:
            UserError: naming the field, its value and what is allowed.
        """

    @abstractmethod
    def read(self) -> Images:
        """Find, verify and read the images.

        Raises:
            UserError: a file is missing, wrong or cannot be downloaded.
        """

    def read_by(self, folder: Path) -> "DatasetConfig":
        """Return the same dataset, read by modules in another folder, if they are a user's."""
        return self

    def in_folder(self, root: str) -> "DatasetConfig":
        """Return the same dataset, whose files are in this folder.

        Raises:
            UserError: it has no files that could be elsewhere.
        """
        raise UserError(f"--dataset-root {root}: {self.name} has no folder; leave the option out")


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


@dataclass(frozen=True, config=STRICT)
class OptimizerConfig(ABC):
    """An optimiser for ``gluon.Trainer``.

    Attributes:
        wd_on: what decays, if the optimiser has a weight decay: see :mod:`sweep.training.decay`.
        clip_norm: the most that the norm of a batch's gradient may be: see
            :mod:`sweep.training.clipping`.
    """

    name: str
    # Their defaults are in conf/config.yaml, for all optimisers; here for those made in code.
    wd_on: Annotated[Literal["all", "weights"], Before("all")] = field(default="all", kw_only=True)
    clip_norm: Annotated[Limit, Before(None)] = field(default=None, kw_only=True)

    @abstractmethod
    def build(self, parameters: int) -> Any:
        """Return the ``mxnet.optimizer.Optimizer`` for so many parameters (arrays)."""


@dataclass(frozen=True, config=STRICT)
class Schedule(ABC):
    """How the learning rate changes while a run trains.

    Its factors are pure functions of their arguments, so a run that is resumed has the same.

    Attributes:
        reads: fields elsewhere in the configuration that the factors depend on. Runs that differ in
            one of them have no epoch in common.
        warmup_epochs: in which the rate rises in equal steps, up to the schedule's own.
    """

    reads: ClassVar[tuple[str, ...]] = ()

    name: str
    # Its default is in conf/config.yaml, for all schedules; here for those made in code.
    warmup_epochs: Annotated[NonNegative, Before(0.0)] = field(default=0.0, kw_only=True)

    @property
    def varies(self) -> bool:
        """Whether there is more than one rate."""
        return True

    def check(self, epochs: int) -> None:
        """Check that all of the schedule happens in so many epochs.

        Raises:
            UserError: naming the field and what is allowed.
        """
        if self.warmup_epochs and self.warmup_epochs >= epochs:
            raise UserError(
                f"schedule.warmup_epochs={in_full(self.warmup_epochs)}: nothing is left of "
                f"epochs={epochs}; allowed is less than {epochs}"
            )

    def factor(self, epoch: int, batch: int, batches: int, epochs: int) -> float:
        """Return what ``optim.lr`` is multiplied by for one batch.

        Args:
            epoch: from 1.
            batch: of the epoch, from 0.
            batches: of an epoch.
            epochs: of the run.
        """
        steps = (epoch - 1) * batches + batch
        warmup = self.warmup_epochs * batches
        if steps < warmup:
            return min((steps + 1) / warmup, 1.0) * self.after_warmup(self.warmup_epochs, epochs)
        return self.after_warmup(steps / batches, epochs)

    @abstractmethod
    def after_warmup(self, time: float, epochs: int) -> float:
        """Return the factor, from 0 on, of a batch after the warm-up.

        Args:
            time: epochs since the run began, before this batch: 1.5 is in the middle of the second.
            epochs: of the run.
        """

    def progress(self, time: float, epochs: int) -> float:
        """Return which part of the time after the warm-up is over, 0 to 1."""
        return (time - self.warmup_epochs) / (epochs - self.warmup_epochs)


NETWORKS: Registry[type[Network]] = Registry("model", "sweep.networks.families")
OPTIMIZERS: Registry[type[OptimizerConfig]] = Registry("optim", "sweep.training.optimizers")
SCHEDULES: Registry[type[Schedule]] = Registry("schedule", "sweep.training.schedules")
DATASETS: Registry[type[DatasetConfig]] = Registry("dataset", "sweep.data.formats")

CHOSEN: dict[str, Registry[Any]] = {  # the groups that a class is chosen of, by name
    each.key: each for each in (NETWORKS, OPTIMIZERS, SCHEDULES, LOSSES, DATASETS)
}
