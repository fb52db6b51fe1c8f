"""Real colour images: patches of the two photographs that come with scikit-learn."""

import functools
from dataclasses import dataclass as plain_dataclass
from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
from pydantic.dataclasses import dataclass
from sklearn.datasets import load_sample_image

from sweep.config.datasets import DatasetConfig
from sweep.config.fields import STRICT, Role
from sweep.config.images import Images

SIDE = 32
NAMES = ("a temple in China", "flower, <i>& leaves</i>: 花")


@plain_dataclass(frozen=True)
class Patches:
    """260 patches of each photograph, mixed: (n, 3, 32, 32) uint8 images, (n,) int64 labels."""

    images: np.ndarray
    labels: np.ndarray


@functools.cache
def patches():
    """Return the patches, the one of the temple and that of the flower in turn."""
    found = []
    for name in ("china.jpg", "flower.jpg"):
        photograph = load_sample_image(name)  # (427, 640, 3)
        rows, columns = (side // SIDE for side in photograph.shape[:2])
        cut = photograph[: rows * SIDE, : columns * SIDE]
        cut = cut.reshape(rows, SIDE, columns, SIDE, 3).transpose(0, 2, 4, 1, 3)
        found.append(cut.reshape(-1, 3, SIDE, SIDE))
    images = np.stack(found, axis=1).reshape(-1, 3, SIDE, SIDE)
    order = np.random.RandomState(0).permutation(len(images))
    return Patches(images[order], (np.arange(len(images)) % 2)[order])


def _split(images):
    labels = patches().labels
    return Images(
        *(images[:400], labels[:400], images[400:], labels[400:]),
        class_names=NAMES,
        digest="c0" * 32,
        source="photographs.py",
    )


@dataclass(frozen=True, config=STRICT)
class Photographs(DatasetConfig):
    """The patches as bytes, or as the floats that these are."""

    name: Literal["photographs"]
    kept_as: Annotated[Literal["uint8", "float32"], Role.MACHINE]

    def read(self):
        images = patches().images
        return _split({"uint8": images, "float32": images / np.float32(255)}[self.kept_as])


def photographs(normalize="unit", kept_as="uint8", val_size=80):
    """Return the configuration of the dataset."""
    return Photographs("photographs", val_size, kept_as, normalize=normalize)


def of_photographs(config, **fields):
    """Return a run's configuration, on the photographs."""
    return replace(config, dataset=photographs(**fields))
