"""What is known of images: their shapes, their arrays, and how pictures became such images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Shape = tuple[int, int, int]  # of an image: channels, height, width
Resize = Literal["squash", "fit", "crop"]  # how a picture becomes one of another size


def shape_text(shape: Sequence[int]) -> str:
    """Return a shape as it is written: ``3×28×28``; nothing for that of a single number."""
    return "×".join(map(str, shape))


@dataclass(frozen=True)
class Rows:
    """Which images are trained on, validated on and tested on: (n,) int32 each, ascending."""

    train: NDArray[np.int32]
    val: NDArray[np.int32]
    test: NDArray[np.int32]


@dataclass(frozen=True)
class Images:
    """The images of a dataset with their labels, as a dataset's module reads them.

    Attributes:
        train_images: (n, channels, height, width) uint8, 0 (black) to 255, or float32, which is
            taken as it is (0 to 1 where it is an image); may be memory-mapped. Features are
            (n, 1, 1, d).
        train_labels: (n,) integers from 0; or (n, outputs) float32, where numbers are predicted.
        test_images: (m, channels, height, width), as those to train on.
        test_labels: (m,) integers, or (m, outputs) float32.
        class_names: one for each class; plain numbers where classes have no other names; none where
            numbers are predicted.
        digest: 64 hex digits that identify the content of all images and labels.
        source: the folder or the file that they were read from.
        rows: of each split; None to draw ``val_size`` of the training images, and test on all.
        val_images: that ``rows.val`` counts; None for the training images.
        val_labels: (k,) integers, or (k, outputs) float32, beside ``val_images``.
        resize: how pictures of other sizes became these images.
        skipped: what was left out since it is broken, a line each.
        modules: a user's, which took part in making them: what is in each, by its place.
    """

    train_images: NDArray[Any]
    train_labels: NDArray[Any]
    test_images: NDArray[Any]
    test_labels: NDArray[Any]
    class_names: tuple[str, ...]
    digest: str
    source: str
    rows: Rows | None = None
    val_images: NDArray[Any] | None = None
    val_labels: NDArray[Any] | None = None
    resize: Resize = "squash"
    skipped: tuple[str, ...] = ()
    modules: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Framing:
    """How a dataset's images were made of pictures; others are made like them to be classified.

    Attributes:
        side: of the square that the trimmed picture was scaled into, in pixels.
        by_mass: whether its centre of mass was put into the middle, or the centre of its frame.
        ink: whether it was strokes of ink on an empty background, so that whatever else a picture
            shows can be taken away.
    """

    side: int
    by_mass: bool
    ink: bool = False
