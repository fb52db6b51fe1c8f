"""The images of a run, split the same way for every run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.config.checks import check_images, check_outputs
from sweep.config.datasets import DatasetConfig
from sweep.config.images import Resize, Rows, Shape
from sweep.config.schema import Config
from sweep.config.tasks import Task

SPLIT_SEED = 20_121_995  # any constant will do; another one makes other splits


@dataclass(frozen=True)
class Split:
    """Some of the images of an array.

    Attributes:
        images: (all, channels, height, width) uint8, 0 (black) to 255, or float32 as it is; often
            memory-mapped and shared with other splits and processes. Features are (all, 1, 1, d).
        labels: (all,) integers from 0 of classes; (all, outputs) float32 of numbers to predict.
        index: (n,) int32, the rows that belong to this split.
    """

    images: NDArray[Any]
    labels: NDArray[Any]
    index: NDArray[np.int32]

    def __len__(self) -> int:
        """Return the number of images in the split."""
        return len(self.index)


@dataclass(frozen=True)
class Dataset:
    """Training, validation and test images, and what is known about them.

    Attributes:
        name: under which it was chosen, as ``mnist``.
        class_names: one for each class; plain numbers where classes have no other names; none where
            numbers are predicted.
        digest: 64 hex digits that identify the content of all images and labels.
        source: the folder or file that they were read from.
        resize: how pictures of other sizes became these images.
        skipped: what was left out since it is broken, a line each.
        modules: a user's, which took part in making them: what is in each, by its place.
        task: what the labels are read for.
    """

    name: str
    class_names: tuple[str, ...]
    digest: str
    source: str
    train: Split
    val: Split
    test: Split
    resize: Resize = "squash"
    skipped: tuple[str, ...] = ()
    modules: Mapping[str, bytes] = field(default_factory=dict)
    task: Task = "classification"

    @property
    def shape(self) -> Shape:
        """An image's: channels, height, width."""
        channels, height, width = self.train.images.shape[1:]
        return channels, height, width

    @property
    def outputs(self) -> int:
        """How many scores a network gives an image: one for each class, or number to predict."""
        labels = self.train.labels
        return labels.shape[1] if labels.ndim == 2 else len(self.class_names)

    @property
    def train_size(self) -> int:
        """The number of training images, with those that are held out."""
        return len(self.train) + len(self.val)

    def describe(self) -> str:
        """Return the name and the number of images in each split, and how many were left out."""
        described = (
            f"{self.name}: {len(self.train):,} images to train on, {len(self.val):,} to validate, "
            f"{len(self.test):,} to test"
        )
        if self.skipped:
            described += f"; left out as broken: {len(self.skipped):,} (first {self.skipped[0]})"
        return described


def load_dataset(config: DatasetConfig) -> Dataset:
    """Read the dataset, and split it.

    The validation images are drawn from the training images by a constant seed, unless the dataset
    has chosen them itself: they are the same for every run, whatever its own seed. There may be
    more to hold out than there are images; then none is left to train on: see :func:`check_fits`.

    Raises:
        UserError: a file is missing, wrong or cannot be downloaded.
    """
    read = config.read()
    rows = read.rows or _drawn(config.val_size, len(read.train_images), len(read.test_images))
    val_images = read.train_images if read.val_images is None else read.val_images
    val_labels = read.train_labels if read.val_labels is None else read.val_labels
    return Dataset(
        name=config.name,
        class_names=read.class_names,
        digest=read.digest,
        source=read.source,
        train=Split(read.train_images, read.train_labels, rows.train),
        val=Split(val_images, val_labels, rows.val),
        test=Split(read.test_images, read.test_labels, rows.test),
        resize=read.resize,
        skipped=read.skipped,
        modules=read.modules,
        task=config.task,
    )


def check_fits(config: Config, dataset: Dataset) -> None:
    """Check that a run fits its dataset.

    Raises:
        UserError: naming the field, its value and what is allowed.
    """
    check_images(config, dataset.train_size, dataset.shape, len(dataset.val))
    check_outputs(config, dataset.outputs)


def _drawn(val_size: int, train_size: int, test_size: int) -> Rows:
    shuffled = np.random.RandomState(SPLIT_SEED).permutation(train_size).astype(np.int32)
    held_out, trained_on = shuffled[:val_size], shuffled[val_size:]
    everything = np.arange(test_size, dtype=np.int32)
    return Rows(np.sort(trained_on), np.sort(held_out), everything)
