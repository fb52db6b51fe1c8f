"""How like the images that a network was trained on others are, in strokes of ink."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from sweep.data.scaling import WHITE

RARE = 0.002  # of the training images may have less, and so many more, than is usual
IS_INK = 0.5  # of full ink
PIXELS_AT_ONCE = 2**16  # of images that are measured together: they stay in the processor's cache

Values = NDArray[np.float64]  # (n,) of images
Inks = NDArray[np.float32]  # (n, h, w), 0 (none) to 1


def _amount(images: Inks) -> Values:
    """Return how many pixels' worth of ink there is."""
    found: Values = images.sum(axis=(1, 2), dtype=np.float64)
    return found


def _stroke(images: Inks) -> Values:
    """Return how wide strokes are, in pixels: a stroke has its length twice as an edge."""
    framed = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    down, across = np.diff(framed, axis=1)[:, :, 1:], np.diff(framed, axis=2)[:, 1:]
    edges = np.hypot(down, across).sum(axis=(1, 2), dtype=np.float64)
    found: Values = 2 * _amount(images) / np.maximum(edges, np.finfo(np.float64).tiny)
    return found


def _pieces(images: Inks) -> Values:
    """Return in how many pieces the ink is."""
    beside = np.zeros((3, 3, 3), bool)
    beside[1] = True  # pixels of one image
    labels, count = ndimage.label(images > IS_INK, beside)
    of_image = np.empty(count + 1, np.intp)  # that a piece is in, by its number; 0 is no piece
    of_image[labels] = np.arange(len(images))[:, None, None]
    return np.bincount(of_image[1:], minlength=len(images)).astype(np.float64)


MEASURES: Mapping[str, tuple[Callable[[Inks], Values], str, str]] = {
    "ink": (_amount, "it has less ink", "it has more ink"),
    "stroke": (_stroke, "its strokes are thinner", "its strokes are thicker"),
    "pieces": (_pieces, "it has fewer pieces", "it has more pieces"),
}

Usual = Mapping[str, tuple[float, float]]  # from where to where each measure is usual


def usual(images: NDArray[Any]) -> Usual:
    """Return from where to where each measure of these images is, but of the rarest.

    Args:
        images: (n, 1, h, w) uint8, or float32 from 0 to 1: ink on an empty background.
    """
    inks = images[:, 0].astype(np.float32)
    inks /= np.float32(WHITE if images.dtype == np.uint8 else 1)
    count = max(1, PIXELS_AT_ONCE // max(1, inks[:1].size))
    parts = [inks[start : start + count] for start in range(0, len(inks), count)]
    found = {}
    for name, (measure, *_) in MEASURES.items():
        low, high = np.quantile(np.concatenate([*map(measure, parts)]), (RARE, 1 - RARE))
        found[name] = (float(low), float(high))
    return found


def unlike(image: Inks, among: Usual) -> list[str]:
    """Say in what an image, (1, h, w), is unlike those among which this is usual."""
    found = []
    for name, (measure, below, above) in MEASURES.items():
        low, high = among.get(name, (-np.inf, np.inf))
        (value,) = measure(image)
        if value < low or value > high:
            found.append(f"{below if value < low else above} than nearly all training images")
    return found
