"""What a dataset has to be, to be chosen by name."""

from abc import ABC, abstractmethod
from dataclasses import field
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic.dataclasses import dataclass

from sweep.config.fields import STRICT, Before, Role, Size, allowed
from sweep.config.images import Framing, Images
from sweep.config.tasks import Task
from sweep.errors import UserError

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

    def features(self) -> tuple[str, ...]:
        """Return the names of a table's columns, in the order of an image's values, if it has some.

        Raises:
            UserError: the table cannot be read any more.
        """
        return ()

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
