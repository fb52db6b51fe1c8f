"""Images of one's own that lie in a file for each part: to train on, to validate on, to test on."""

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from pydantic.dataclasses import dataclass

from sweep.config.datasets import DatasetConfig
from sweep.config.fields import STRICT, Role, Text
from sweep.data.own.images import OwnImages
from sweep.data.readers.file_states import FileState, state_of
from sweep.data.readers.labelling import LABELLINGS
from sweep.data.readers.parts import Part, Source
from sweep.errors import UserError
from sweep.files import as_meant


@dataclass(frozen=True, config=STRICT)
class OwnFiles(OwnImages):
    """A file to train on, and others to validate and to test on if they are given."""

    train: Annotated[Text | None, Role.MACHINE]
    val: Annotated[Text | None, Role.MACHINE]
    test: Annotated[Text | None, Role.MACHINE]

    @abstractmethod
    def part(self, path: Path) -> Part:
        """Return what is in a file.

        Raises:
            UserError: something is wrong with it.
        """

    def paths(self) -> dict[str, Path]:
        """Return the file of each part that is given."""
        given = {"train": self.train, "val": self.val, "test": self.test}
        return {name: as_meant(path) for name, path in given.items() if path}

    def check(self) -> None:
        """Check that there is something to train on."""
        super().check()
        if not self.train:
            raise UserError(
                f"dataset.train=null: nothing to train on; allowed with dataset={self.name} is a "
                f"file, as in {self.example()}"
            )

    def example(self) -> str:
        """Return how the file to train on is given."""
        return "dataset.train=FILE"

    def place(self) -> str:
        """Return the file to train on, and the one to test on."""
        return ", ".join(str(path) for path in self.paths().values())

    def files(self) -> Iterable[FileState]:
        """Return the state of the files."""
        return [state_of(path) for path in self.paths().values()]

    def source(self) -> Source:
        """Return what is in the files."""
        parts = {name: self.part(path) for name, path in self.paths().items()}
        return LABELLINGS[self.task].source(parts)

    def in_folder(self, root: str) -> DatasetConfig:
        """Return the same dataset, whose files are in this folder."""
        moved: dict[str, Any] = {
            name: str(Path(root) / path.name) for name, path in self.paths().items()
        }
        return replace(self, **moved)
