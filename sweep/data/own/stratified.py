"""Which images are held out: as many of each class as its share, the same ones for every run.

The draw is NumPy's ``RandomState``, whose numbers never change from version to version; those of a
library's splitters may, and a run would not be found again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.errors import UserError

RowNumbers = NDArray[np.int32]


@dataclass(frozen=True)
class Labelled:
    """Images of which some are to be held out.

    Attributes:
        rows: (n,) of the images.
        labels: (n,) of each, from 0.
        class_names: in the order of their labels.
    """

    rows: RowNumbers
    labels: NDArray[Any]
    class_names: Sequence[str]


def number_of(size: float, images: int) -> int:
    """Return how many images a size means: it is a number, or a share of the images."""
    return round(size * images) if isinstance(size, float) else size


def hold_out(key: str, size: float, images: Labelled, seed: int) -> tuple[RowNumbers, RowNumbers]:
    """Return the rows that are left, and those that are held out, both in ascending order.

    Each class gives its share, rounded; those whose remainders are largest give one more.

    Args:
        key: of the field that says how many, as ``dataset.val_size``.
        size: a number, or a share of the images.
        images: to choose from.
        seed: of the draw.

    Raises:
        UserError: there are not enough images of each class.
    """
    total, classes = len(images.rows), len(images.class_names)
    held = number_of(size, total)
    counts = np.bincount(images.labels, minlength=classes)
    _check_counts(f"{key}={size}", counts, 2, images)
    if not classes <= held <= total - classes:
        raise UserError(
            f"{key}={size}: holds {held:,} of {total:,} images out; allowed are {classes:,} to "
            f"{total - classes:,}, so that {_each_of(classes)} on both sides"
        )
    exact = counts * (held / total)
    quotas = np.clip(np.floor(exact).astype(np.int64), 1, counts - 1)
    _distribute(quotas, held - int(quotas.sum()), exact, counts)
    random = np.random.RandomState(seed)
    chosen = [
        random.permutation(np.flatnonzero(images.labels == label))[:quota]
        for label, quota in enumerate(quotas)
    ]
    out = np.zeros(total, bool)
    out[np.concatenate(chosen)] = True
    return images.rows[~out], images.rows[out]


def fold_of(folds: int, fold: int, images: Labelled, seed: int) -> tuple[RowNumbers, RowNumbers]:
    """Return the rows to train on, and those of one fold of so many, to validate on.

    The folds share no image and leave none out; each has its share of each class.

    Raises:
        UserError: a class has fewer images than there are folds.
    """
    counts = np.bincount(images.labels, minlength=len(images.class_names))
    _check_counts(f"dataset.folds={folds}", counts, folds, images)
    random = np.random.RandomState(seed)
    member, dealt = np.empty(len(images.rows), np.int64), 0
    for label in range(len(counts)):
        rows = random.permutation(np.flatnonzero(images.labels == label))
        member[rows] = (np.arange(len(rows)) + dealt) % folds  # goes on where the last one ended
        dealt += len(rows)
    inside = member == fold
    return images.rows[~inside], images.rows[inside]


def _each_of(classes: int) -> str:
    return f"each of {classes:,} classes is" if classes > 1 else "images are"


def _check_counts(given: str, counts: NDArray[Any], least: int, images: Labelled) -> None:
    if counts.min() < least:
        label = int(np.argmin(counts))
        number = "one image" if counts[label] == 1 else f"{counts[label]:,} images"
        raise UserError(
            f"{given}: class {images.class_names[label]} has {number} to choose from; allowed are "
            f"classes of {least} or more, since each is split"
        )


def _distribute(quotas: NDArray[Any], missing: int, exact: Any, counts: Any) -> None:
    """Add to the quotas, or take from them, where they are furthest from what is exact."""
    step = 1 if missing > 0 else -1
    for _ in range(abs(missing)):
        open_to_it = quotas < counts - 1 if step > 0 else quotas > 1
        distance = np.where(open_to_it, (exact - quotas) * step, -np.inf)
        quotas[int(np.argmax(distance))] += step
