"""Arrays of NumPy's: ``dataset=arrays dataset.train=A.npz dataset.test=B.npz``."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic.dataclasses import dataclass

from sweep.config.choices import DATASETS
from sweep.config.datasets import DatasetConfig
from sweep.config.fields import STRICT, Role, Text, allowed
from sweep.config.tasks import Task
from sweep.data.own.images import OwnImages
from sweep.data.readers.arrays import ArrayFile, array_part
from sweep.data.readers.file_states import FileState, state_of
from sweep.data.readers.labelling import CLASSES, LABELLINGS, Labelling
from sweep.data.readers.parts import Part, Source
from sweep.errors import UserError
from sweep.files import as_meant

IMAGES, LABELS = "images", "labels"
SETS = {"train": ("x_train", "y_train"), "val": ("x_val", "y_val"), "test": ("x_test", "y_test")}
NAMES = f"{IMAGES} and {LABELS}, or x_train and y_train with x_test and y_test"

OneOrTwo = Annotated[
    Text | tuple[Text, Text] | None,
    allowed("null, an .npz file, or a list of two .npy files, as in [images.npy,labels.npy]"),
]


@DATASETS.registers("arrays")
@dataclass(frozen=True, config=STRICT)
class Arrays(OwnImages):
    """Images, or features, in ``.npz`` files, or in pairs of ``.npy`` files."""

    tasks: ClassVar[tuple[Task, ...]] = ("classification", "regression")

    name: Annotated[Literal["arrays"], Role.RECORD]
    train: Annotated[OneOrTwo, Role.MACHINE]
    val: Annotated[OneOrTwo, Role.MACHINE]
    test: Annotated[OneOrTwo, Role.MACHINE]

    def check(self) -> None:
        """Check that there is something to train on."""
        super().check()
        if not self.train:
            raise UserError(
                "dataset.train=null: nothing to train on; allowed with dataset=arrays is a file, "
                "as in dataset.train=train.npz, or two: dataset.train=[images.npy,labels.npy]"
            )

    def paths(self) -> dict[str, tuple[Path, ...]]:
        """Return the file, or the two files, of each part that is given."""
        given = {"train": self.train, "val": self.val, "test": self.test}
        pairs = {name: (each,) if isinstance(each, str) else each for name, each in given.items()}
        return {
            name: tuple(as_meant(path) for path in pair) for name, pair in pairs.items() if pair
        }

    def place(self) -> str:
        """Return the files."""
        return ", ".join(str(path) for pair in self.paths().values() for path in pair)

    def files(self) -> Iterable[FileState]:
        """Return the state of the files."""
        return [state_of(path) for pair in self.paths().values() for path in pair]

    def source(self) -> Source:
        """Return what is in the files."""
        labelling, found = LABELLINGS[self.task], dict[str, Part]()
        for name, paths in self.paths().items():
            for inner, part in read_arrays(*paths, labelling=labelling).items():
                place = name if inner == "train" else inner
                if place in found:
                    raise UserError(
                        f"{paths[0]}: has images for {place}, which others are given for, too; "
                        "allowed is either"
                    )
                found[place] = part
        return labelling.source({name: found[name] for name in SETS if name in found})

    def in_folder(self, root: str) -> DatasetConfig:
        """Return the same dataset, whose files are in this folder."""
        moved: dict[str, Any] = {
            name: str(Path(root) / pair[0].name)
            if len(pair) == 1
            else tuple(str(Path(root) / path.name) for path in pair)
            for name, pair in self.paths().items()
        }
        return replace(self, **moved)


def read_arrays(
    path: Path, labels: Path | None = None, *, labelling: Labelling = CLASSES
) -> dict[str, Part]:
    """Return the parts in an ``.npz`` file, or the one that two ``.npy`` files hold.

    Args:
        path: of the ``.npz`` file, or of the images' ``.npy`` file, of which rows are read as they
            are needed.
        labels: of the labels' ``.npy`` file.
        labelling: what labels are read as.

    Raises:
        UserError: a file cannot be read, or has other arrays than these.
    """
    if labels is not None:
        images, found = ArrayFile.open(path), ArrayFile.open(labels).whole()
        return {"train": array_part(str(path), images, found, str(labels), labelling)}
    return array_parts(str(path), read_npz(path), labelling)


def read_npz(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays in a file, by name.

    Raises:
        UserError: it is none of NumPy's, is broken, or holds objects.
    """
    try:
        with open(path, "rb") as stream:
            file = np.load(stream, allow_pickle=False)
            if isinstance(file, np.ndarray):
                raise UserError(
                    f"{path}: has one array; allowed are an .npz file, or images and labels: "
                    f"[{path},labels.npy]"
                )
            return {name: file[name] for name in file.files}
    except UserError:
        raise
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error
    except Exception as error:  # whatever readers of zip files and headers run into
        raise UserError(f"{path}: cannot be read as arrays of NumPy's: {error}") from error


def array_parts(
    name: str, arrays: Mapping[str, NDArray[Any]], labelling: Labelling = CLASSES
) -> dict[str, Part]:
    """Return the parts that named arrays hold.

    Args:
        name: of where they are from, for people.
        arrays: ``images`` and ``labels``, or ``x_train``, ``y_train`` and so on, as Keras has them.
        labelling: what labels are read as.

    Raises:
        UserError: there are others than these.
    """
    pairs = {part: pair for part, pair in SETS.items() if {*pair} & arrays.keys()}
    if not pairs and {IMAGES, LABELS} & arrays.keys():
        pairs = {"train": (IMAGES, LABELS)}
    missing = [each for pair in pairs.values() for each in pair if each not in arrays]
    if "train" not in pairs or missing:
        there = ", ".join(arrays) or "nothing"
        lacks = f" and lacks {', '.join(missing)}" if missing else ""
        raise UserError(f"{name}: has {there}{lacks}; allowed are {NAMES}")
    return {
        part: array_part(
            *(f"{name}, {images}", arrays[images], arrays[labels], f"{name}, {labels}"), labelling
        )
        for part, (images, labels) in pairs.items()
    }
