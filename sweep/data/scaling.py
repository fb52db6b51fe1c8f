"""What is done to the values of images before a network is given them: ``dataset.normalize``.

``unit``: from 0 (black) to 1; what is float32 is taken as it is. ``standard``: the same, minus the
mean, over the deviation. ``null``: from 0 to 255. The loop makes units of bytes, and what serves a
model takes both; so here all begins with units.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.data.splits import Split

CHUNK_VALUES = 2**22  # that are looked at together: 32 MiB in float64
WHITE = 255


@dataclass(frozen=True)
class Scaling:
    """The network is given ``(units - mean) * factor``.

    Attributes:
        mean: float32, (1, channels, 1, 1); of features (1, 1, 1, d).
        factor: as ``mean``.
    """

    mean: NDArray[np.float32]
    factor: NDArray[np.float32]


def scaling(normalize: str | None, train: Split) -> Scaling | None:
    """Return what is done to units; None for nothing.

    Args:
        normalize: as it is configured.
        train: the images that are trained on; no others are looked at.
    """
    return _SCALINGS[normalize](train)


def holds_pixels(images: NDArray[Any]) -> bool:
    """Return whether these are images, (n, channels, h, w), from black to white.

    Bytes are. Floats are if they are from 0 to 1; features, (n, 1, 1, d), are numbers, as other
    floats are.
    """
    if images.dtype == np.uint8:
        return True
    return not _are_features(images) and all(
        chunk.min() >= 0 and chunk.max() <= 1 for chunk in _chunks(images)
    )


def as_bytes(images: NDArray[Any]) -> NDArray[np.uint8]:
    """Return images as bytes, 0 (black) to 255; floats are cut off below 0 and above 1."""
    if images.dtype == np.uint8:
        return images
    pixels: NDArray[np.uint8] = np.rint(np.clip(images, 0, 1) * WHITE).astype(np.uint8)
    return pixels


def _are_features(images: NDArray[Any]) -> bool:
    return images.shape[1:3] == (1, 1)


def _to_bytes(train: Split) -> Scaling | None:
    if not holds_pixels(train.images):
        return None
    shape = (1, train.images.shape[1], 1, 1)
    return Scaling(np.zeros(shape, np.float32), np.full(shape, WHITE, np.float32))


def _standard(train: Split) -> Scaling:
    mean, deviation = statistics(train)
    unit = WHITE if train.images.dtype == np.uint8 else 1
    # What never changes says nothing: it becomes 0.
    factor = unit / np.where(deviation > 0, deviation, unit)
    return Scaling((mean / unit).astype(np.float32), factor.astype(np.float32))


_SCALINGS: dict[str | None, Callable[[Split], Scaling | None]] = {
    None: _to_bytes,
    "unit": lambda train: None,
    "standard": _standard,
}


def statistics(split: Split) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and standard deviation of each channel, or of each feature, as they are stored.

    (1, channels, 1, 1) float64 each, or (1, 1, 1, d). The images are read once, part by part.
    """
    images = split.images
    axes = (0, 1, 2) if _are_features(images) else (0, 2, 3)
    first = images[split.index[:1]].astype(np.float64)
    # Differences to any value near them have squares that are small, and so add up exactly enough.
    start = first if _are_features(images) else first[:, :, :1, :1]
    total, squares, count = np.zeros_like(start), np.zeros_like(start), 0
    for rows in _parts(len(split), images):
        differences = images[split.index[rows]].astype(np.float64) - start
        total += differences.sum(axis=axes, keepdims=True)
        squares += np.square(differences, out=differences).sum(axis=axes, keepdims=True)
        count += differences.size // start.size
    mean = total / count
    variance = np.maximum(squares / count - np.square(mean), 0)
    return start + mean, np.sqrt(variance)


def _chunks(images: NDArray[Any]) -> Iterator[NDArray[Any]]:
    for rows in _parts(len(images), images):
        yield images[rows]


def _parts(count: int, images: NDArray[Any]) -> Iterator[slice]:
    """Yield slices of so many rows that have few enough values to be looked at together."""
    step = max(1, CHUNK_VALUES // max(1, images[:1].size))
    for begin in range(0, count, step):
        yield slice(begin, begin + step)
