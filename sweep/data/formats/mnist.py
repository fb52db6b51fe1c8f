"""MNIST, Fashion-MNIST, and the 5,000 images of MNIST that come with this package."""

import functools
import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic.dataclasses import dataclass

from sweep.config.choices import DATASETS
from sweep.config.datasets import DatasetConfig
from sweep.config.fields import STRICT, Role, Text, Texts
from sweep.config.images import Framing, Images
from sweep.data.published.copies import decoded
from sweep.data.published.download import find
from sweep.data.published.sets import PUBLISHED
from sweep.data.readers.idx import as_floats

DIGITS = tuple(str(digit) for digit in range(10))
PACKAGED = Path(__file__).parents[1] / "mnist_5k.npz"
PACKAGED_TRAIN_SIZE = 4_000  # of the 5,000; the others are to test


@dataclass(frozen=True, config=STRICT)
class IdxDataset(DatasetConfig):
    """A dataset that was published as four IDX files.

    Attributes:
        class_names: of its classes.
    """

    class_names: ClassVar[tuple[str, ...]]

    root: Annotated[Text | None, Role.MACHINE]
    mirrors: Annotated[Texts, Role.MACHINE]

    def read(self) -> Images:
        """Find the four files, or download them, and read them."""
        published = PUBLISHED[self.name]
        files = published.files
        paths = [find(published, file, self.root, self.mirrors) for file in files]
        pairs = zip(paths, files, strict=True)
        images, labels, test_images, test_labels = (
            decoded(path, published, file) for path, file in pairs
        )
        digest = hashlib.sha256("".join(file.sha256 for file in files).encode()).hexdigest()
        return Images(
            train_images=images[:, None],
            train_labels=labels,
            test_images=test_images[:, None],
            test_labels=test_labels,
            class_names=self.class_names,
            digest=digest,
            source=str(paths[0].parent),
        )

    def in_folder(self, root: str) -> DatasetConfig:
        """Return the same dataset, whose files are in this folder."""
        return replace(self, root=root)


@DATASETS.registers("mnist")
@dataclass(frozen=True, config=STRICT)
class Mnist(IdxDataset):
    """Handwritten digits, 28×28, grey: http://yann.lecun.com/exdb/mnist/."""

    class_names = DIGITS
    # Digits were scaled to fit a square of 20 pixels, and centred by their mass (the same source).
    framing = Framing(side=20, by_mass=True, ink=True)

    name: Literal["mnist"]


@DATASETS.registers("fashion_mnist")
@dataclass(frozen=True, config=STRICT)
class FashionMnist(IdxDataset):
    """Articles of clothing, 28×28, grey: https://arxiv.org/abs/1708.07747."""

    class_names = (
        *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
        *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    )
    # Articles were trimmed, scaled to a longest side of 28, and put into the middle (same source).
    framing = Framing(side=28, by_mass=False)

    name: Literal["fashion_mnist"]


@DATASETS.registers("mnist_5k")
@dataclass(frozen=True, config=STRICT)
class Mnist5k(DatasetConfig):
    """5,000 of MNIST's training images, 500 of each digit, which come with this package."""

    framing = Mnist.framing
    unread = ("root", "mirrors")

    name: Literal["mnist_5k"]
    root: Annotated[Text | None, Role.MACHINE]
    mirrors: Annotated[Texts, Role.MACHINE]

    def read(self) -> Images:
        """Return the packaged images, which every process reads once."""
        return read_packaged()


@functools.cache
def read_packaged() -> Images:
    """Return the images of ``mnist_5k``."""
    with np.load(PACKAGED, allow_pickle=False) as file:
        images, labels = file["images"], file["labels"]
    digest = hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()
    scaled, cut = as_floats(images)[:, None], PACKAGED_TRAIN_SIZE
    return Images(
        train_images=scaled[:cut],
        train_labels=labels[:cut],
        test_images=scaled[cut:],
        test_labels=labels[cut:],
        class_names=DIGITS,
        digest=digest,
        source=f"sweep/data/{PACKAGED.name}",
    )
