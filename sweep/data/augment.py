"""What is done at random to the images of training batches: the fields of ``augment``.

Each is a function of a batch (n, channels, height, width), uint8 or float32 from 0 to 1, and of a
generator, to a new batch. Each has a generator of its own, from the seed, the epoch and its name,
and draws equally much for every image: so what happens to an image depends on its place in the
epoch alone, neither on the size of batches nor on what else is chosen.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.random import RandomState
from numpy.typing import NDArray

from sweep.config.params import as_text
from sweep.config.schema import Augment
from sweep.data.scaling import WHITE, holds_pixels
from sweep.errors import UserError

Batch = NDArray[Any]

SHADES = ("brightness", "contrast")  # they need to know what black and white are


def flip(batch: Batch, rng: RandomState) -> Batch:
    """Mirror half of the images, left to right."""
    mirrored = rng.random_sample(len(batch)) < 0.5
    changed = batch.copy()
    changed[mirrored] = batch[mirrored, :, :, ::-1]
    return changed


def crop(batch: Batch, rng: RandomState, padding: int) -> Batch:
    """Put so many black pixels around each image, and cut its size out again."""
    return _windows(_padded(batch, padding, mode="constant"), rng, padding)


def shift(batch: Batch, rng: RandomState, pixels: int) -> Batch:
    """Move each image by at most so many whole pixels in each direction; its edges are repeated."""
    return _windows(_padded(batch, pixels, mode="edge"), rng, pixels)


def rotate(batch: Batch, rng: RandomState, degrees: float) -> Batch:
    """Turn each image about its middle by at most so many degrees; its edges are repeated.

    A pixel between others gets its value from these four, in proportion to how near they are.
    """
    count, _, height, width = batch.shape
    angles = np.deg2rad(_symmetric(rng, count) * degrees)[:, None, None]
    sine, cosine = np.sin(angles).astype(np.float32), np.cos(angles).astype(np.float32)
    middle, centre = np.float32((height - 1) / 2), np.float32((width - 1) / 2)
    y = np.arange(height, dtype=np.float32)[:, None] - middle
    x = np.arange(width, dtype=np.float32) - centre
    rows = cosine * y + sine * x + middle
    columns = cosine * x - sine * y + centre
    return _sampled(batch, rows.clip(0, height - 1), columns.clip(0, width - 1))


def cutout(batch: Batch, rng: RandomState, side: int) -> Batch:
    """Blacken a square around any pixel of each image, as far as it is inside."""
    _, _, height, width = batch.shape
    places = (rng.random_sample((len(batch), 2)) * (height, width)).astype(np.intp)
    rows, columns = (
        (np.arange(length) >= first) & (np.arange(length) < first + side)
        for length, first in (
            (height, places[:, :1] - side // 2),
            (width, places[:, 1:] - side // 2),
        )
    )
    is_black = rows[:, None, :, None] & columns[:, None, None, :]
    return np.where(is_black, batch.dtype.type(0), batch)


def brightness(batch: Batch, rng: RandomState, strength: float) -> Batch:
    """Multiply the pixels of each image by 1 - strength to 1 + strength."""
    return _shaded(batch, _factors(rng, len(batch), strength) * batch)


def contrast(batch: Batch, rng: RandomState, strength: float) -> Batch:
    """Multiply what the pixels of each image differ from their mean by, as brightness does."""
    mean = batch.mean(axis=(1, 2, 3), keepdims=True, dtype=np.float64).astype(np.float32)
    return _shaded(batch, mean + _factors(rng, len(batch), strength) * (batch - mean))


_CHANGES: dict[str, Callable[[Any], Callable[[Batch, RandomState], Batch]]] = {  # in this order
    "flip": lambda _: flip,
    "rotate": lambda degrees: partial(rotate, degrees=degrees),
    "shift": lambda pixels: partial(shift, pixels=pixels),
    "crop": lambda padding: partial(crop, padding=padding),
    "brightness": lambda strength: partial(brightness, strength=strength),
    "contrast": lambda strength: partial(contrast, strength=strength),
    "cutout": lambda side: partial(cutout, side=side),
}


@dataclass(frozen=True)
class Transform:
    """A change of batches.

    Attributes:
        name: of its field.
        change: of a batch; its draws come from the generator.
    """

    name: str
    change: Callable[[Batch, RandomState], Batch]


def transforms(config: Augment, images: NDArray[Any]) -> tuple[Transform, ...]:
    """Return what is chosen, in the order in which it is done.

    Args:
        config: as it is configured.
        images: that are trained on.

    Raises:
        UserError: naming the field that these images cannot be changed by.
    """
    chosen = {name: getattr(config, name) for name in _CHANGES}
    for name in SHADES:
        if chosen[name] is not None and not holds_pixels(images):
            raise UserError(
                f"augment.{name}={as_text(chosen[name])}: the images have values beyond black (0) "
                "and white (1); allowed is null"
            )
    return tuple(
        Transform(name, _CHANGES[name](value))
        for name, value in chosen.items()
        if value is not None
    )


def seeded(chosen: Sequence[Transform], seed: int, epoch: int) -> Callable[[Batch], Batch]:
    """Return what changes an epoch's batches, to be called with one after the other."""
    generators = [RandomState([seed, epoch, *each.name.encode()]) for each in chosen]

    def change(batch: Batch) -> Batch:
        for each, rng in zip(chosen, generators, strict=True):
            batch = each.change(batch, rng)
        return batch

    return change


def _padded(batch: Batch, pixels: int, mode: Any) -> Batch:
    return np.pad(batch, ((0, 0), (0, 0), (pixels, pixels), (pixels, pixels)), mode=mode)


def _windows(padded: Batch, rng: RandomState, padding: int) -> Batch:
    """Return a window of each image, anywhere, that is smaller by the padding on all four sides."""
    count, _, height, width = padded.shape
    size = (height - 2 * padding, width - 2 * padding)
    windows: Batch = sliding_window_view(padded, size, axis=(2, 3))  # type: ignore[call-overload]
    # (n, channels, y, x, height, width): NumPy 1.23 types an axis as one number
    places = (rng.random_sample((count, 2)) * (2 * padding + 1)).astype(np.intp)
    chosen: Batch = windows[np.arange(count), :, places[:, 0], places[:, 1]]
    return chosen


def _sampled(batch: Batch, rows: NDArray[np.float32], columns: NDArray[np.float32]) -> Batch:
    """Return the images' values at places between their pixels, (n, height, width) each."""
    count, _, height, width = batch.shape
    top, left = rows.astype(np.int32), columns.astype(np.int32)
    down, right = rows - top, columns - left
    # One more row and column: what is at the last one exactly has a neighbour, of no weight.
    wide, high = width + 1, height + 1
    padded = np.pad(batch, ((0, 0), (0, 0), (0, 1), (0, 1)), mode="edge")
    place = np.arange(count, dtype=np.intp)[:, None, None] * (high * wide) + top * wide + left
    sampled = np.empty(batch.shape, np.float32)
    for channel in range(batch.shape[1]):
        values = padded[:, channel].ravel()
        above, below = (
            _between(values.take(place + first), values.take(place + first + 1), right)
            for first in (0, wide)
        )
        sampled[:, channel] = _between(above, below, down)
    if batch.dtype == np.uint8:
        return np.rint(sampled, out=sampled).astype(np.uint8)
    return sampled


def _between(one: Batch, other: Batch, share: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return values from the one (share 0) to the other (1)."""
    start = one.astype(np.float32)
    return start + (other - start) * share


def _symmetric(rng: RandomState, count: int) -> NDArray[np.float64]:
    """Return numbers from -1 to 1, one for each image."""
    return rng.random_sample(count) * 2 - 1


def _factors(rng: RandomState, count: int, strength: float) -> NDArray[np.float32]:
    factors = 1 + strength * _symmetric(rng, count)
    return factors.astype(np.float32).reshape(-1, 1, 1, 1)


def _shaded(batch: Batch, values: NDArray[np.float32]) -> Batch:
    """Return values as pixels such as the batch's, cut off at black and white."""
    if batch.dtype == np.uint8:
        values = np.rint(values.clip(0, WHITE))
        return values.astype(np.uint8)
    units: Batch = values.clip(0, 1)
    return units
