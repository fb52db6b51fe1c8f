"""CIFAR-10 and CIFAR-100: ``dataset=cifar10``, ``dataset=cifar100``."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Annotated, ClassVar, Literal

from pydantic.dataclasses import dataclass

from sweep.config.choices import DATASETS
from sweep.config.datasets import DatasetConfig
from sweep.config.fields import STRICT, Role, Text, Texts
from sweep.data.own.images import OwnImages
from sweep.data.published.cifar import CIFAR, find_cifar, read_cifar, rows_of
from sweep.data.readers.arrays import array_part
from sweep.data.readers.file_states import FileState, state_of
from sweep.data.readers.parts import Source, numbered
from sweep.errors import UserError


@dataclass(frozen=True, config=STRICT)
class Cifar(OwnImages):
    """60,000 colour images of 32×32: https://www.cs.toronto.edu/~kriz/cifar.html.

    Attributes:
        usual_names: of the classes, where the file with their names is not there.
    """

    usual_names: ClassVar[tuple[str, ...]] = ()

    root: Annotated[Text | None, Role.MACHINE]
    mirrors: Annotated[Texts, Role.MACHINE]

    def place(self) -> str:
        """Return the folder."""
        return str(find_cifar(CIFAR[self.name], self.root, self.mirrors)[0].parent)

    def files(self) -> Iterable[FileState]:
        """Return the state of the files, which are downloaded if they are not there."""
        return [state_of(path) for path in find_cifar(CIFAR[self.name], self.root, self.mirrors)]

    def source(self) -> Source:
        """Return what is in the files."""
        cifar = CIFAR[self.name]
        paths = find_cifar(cifar, self.root, self.mirrors)
        contents = read_cifar(cifar, paths)
        parts = {}
        for name, files in (("train", cifar.train), ("test", cifar.test)):
            images, labels = rows_of(cifar, [contents[file] for file in files])
            where = f"{paths[0].parent}, {' '.join(files)}"
            parts[name] = array_part(where, images, labels, where)
        found = numbered(parts)
        names = self._names(contents.get(cifar.names, b"")) or self.usual_names
        if len(names) < len(found.class_names):
            return found
        return replace(found, class_names=tuple(names[int(each)] for each in found.class_names))

    def _names(self, content: bytes) -> Sequence[str]:
        try:
            return content.decode().split()
        except UnicodeDecodeError as error:
            raise UserError(
                f"{self.place()}: {CIFAR[self.name].names} is not in UTF-8; allowed is the "
                "published file, or none: delete it"
            ) from error

    def in_folder(self, root: str) -> DatasetConfig:
        """Return the same dataset, whose files are in this folder."""
        return replace(self, root=root)


@DATASETS.registers("cifar10")
@dataclass(frozen=True, config=STRICT)
class Cifar10(Cifar):
    """Ten classes, from airplane to truck."""

    usual_names = (
        *("airplane", "automobile", "bird", "cat", "deer"),
        *("dog", "frog", "horse", "ship", "truck"),
    )

    name: Annotated[Literal["cifar10"], Role.RECORD]


@DATASETS.registers("cifar100")
@dataclass(frozen=True, config=STRICT)
class Cifar100(Cifar):
    """A hundred classes, from apple to worm: the fine labels."""

    name: Annotated[Literal["cifar100"], Role.RECORD]
