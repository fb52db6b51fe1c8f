"""What a loss has to be, to be chosen by name."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

from pydantic.dataclasses import dataclass

from sweep.config.fields import STRICT
from sweep.config.registry import Registry
from sweep.config.tasks import Task


@dataclass(frozen=True, config=STRICT)
class Loss(ABC):
    """What training makes small: a number for each image.

    Attributes:
        task: whose answers it judges.
        is_unknown: whether it has yet to be tried, once, before anything trains.
        source: the folder with the modules that it is built from, if they are a user's: they are
            recorded with each run.
    """

    task: ClassVar[Task]
    is_unknown: ClassVar[bool] = False
    source: ClassVar[Path | None] = None

    name: str

    @property
    def task_chosen(self) -> str:
        """The field that chooses the task, and its value."""
        return f"loss={self.name}"

    def choices(self, task: Task) -> list[str]:
        """Return what could be chosen instead, for a task."""
        return losses_for(task)

    @abstractmethod
    def build(self) -> Any:
        """Return the loss as a Gluon block, for a graph as for what runs eagerly.

        It takes the network's scores (n, outputs) float32, and the truth: the classes (n,) float32,
        whole numbers from 0, or the numbers to predict, (n, outputs) float32. It returns the loss
        of each image, (n,) float32.
        """

    def tried(self, outputs: int, rows: int, keep: Path) -> "tuple[Loss, str]":
        """Build the loss, and give it scores and labels; in a process that has MXNet.

        Args:
            outputs: of the network: classes, or numbers to predict.
            rows: of a batch.
            keep: a folder for the modules that it is built from.

        Returns:
            The loss as it trains, and a line that a user should read; empty if there is none.

        Raises:
            UserError: it does not build, or does not fit.
        """
        return self, ""

    def built_from(self, folder: Path) -> "Loss":
        """Return the same loss, built from modules in another folder, if it is of any."""
        return self

    def known_by(self, folder: Path) -> "Loss":
        """Return the same loss, known by all modules in a folder, those of others too."""
        return self


LOSSES: Registry[type[Loss]] = Registry("loss", "sweep.training.losses")


def losses_for(task: Task) -> list[str]:
    """Return the names of the losses for a task."""
    return [name for name in LOSSES.names() if LOSSES[name].task == task]
