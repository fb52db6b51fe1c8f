"""What a picture shows besides its background: beside paper, light that falls off, shadows."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

Grey = NDArray[np.float32]
Mask = NDArray[np.bool_]

GOES_ON = "nearest"  # as it is at the edge: where light falls off, it keeps its value
MIRRORED = "reflect"  # so that what a page lies on is never most of what is around a pixel
FIRST_SIDE = 32  # of the small picture that a background is first looked for in, in pixels
SIDE = 160  # of the one that it is looked for in when the strokes are known
STROKES = 5  # how many times wider than a stroke the window then is
DIMMEST = 0.3  # of the typical light: in less, ink is taken as if it were in so much
DARK = 0.15  # from black to white: how much light a darker background gets cannot be told
CELLS = 2.5  # pixels of the small picture that are a stroke's width


def contrast(pixels: Grey, beyond: str) -> Grey:
    """Return how much lighter than its background each pixel is: (h, w) float32, 0 on it.

    The background is the median of half the picture around a pixel: it follows light that falls
    off, and keeps the edge of a shadow. Of colours, it is the direction that what stands out is in:
    red on a green that is as bright stands out as black on white does.

    Args:
        pixels: (channels, h, w) float32, 0 (black) to 1.
        beyond: how the picture goes on beyond its edges: see ``GOES_ON`` and ``MIRRORED``.
    """
    height, width = pixels.shape[1:]
    shape = _small((height, width), max(height, width) / FIRST_SIDE)
    apart: Grey = pixels - _background(pixels, shape, max(shape) // 2, beyond)
    return along(apart)


def contrast_beside(pixels: Grey, ink: Mask, stroke: float) -> Grey:
    """Return the same, of a background that is looked for closely, where there is no ink.

    Args:
        pixels: as for :func:`contrast`.
        ink: (h, w), where there is.
        stroke: how wide its strokes are, in pixels.
    """
    height, width = pixels.shape[1:]
    shape = _small((height, width), max(stroke / CELLS, max(height, width) / SIDE))
    window = round(STROKES * stroke * max(shape) / max(height, width))
    return _apart(pixels, _background(filled(pixels, ink), shape, max(window, 3), GOES_ON))


def _small(shape: tuple[int, int], factor: float) -> tuple[int, int]:
    height, width = (max(1, round(each / max(factor, 1))) for each in shape)
    return height, width


def _background(pixels: Grey, shape: tuple[int, int], window: int, beyond: str) -> Grey:
    height, width = pixels.shape[1:]
    found = []
    for channel in pixels:
        small = Image.fromarray(channel).resize(shape[::-1], Image.Resampling.BOX)
        median = ndimage.median_filter(np.asarray(small), size=window, mode=beyond)
        found.append(Image.fromarray(median).resize((width, height), Image.Resampling.BILINEAR))
    return np.stack([np.asarray(each) for each in found])


def filled(pixels: Grey, ink: Mask) -> Grey:
    """Return the picture with the nearest paper where there is ink."""
    if ink.all():
        return pixels
    nearest = ndimage.distance_transform_edt(ink, return_distances=False, return_indices=True)
    found: Grey = pixels[:, nearest[0], nearest[1]]
    return found


def _apart(pixels: Grey, background: Grey) -> Grey:
    """Return how far pixels are from their background, (h, w), as if it were equally light.

    Ink in half the light is half as far from its paper.
    """
    typical = np.median(background, axis=(1, 2), keepdims=True)
    light = np.maximum(background, DIMMEST * typical)
    gain = np.where(typical > DARK, typical / np.maximum(light, DIMMEST * DARK), 1)
    apart: Grey = ((pixels - background) * gain).astype(np.float32)
    return along(apart)


def along(rest: Grey) -> Grey:
    """Return colours, (channels, h, w), as one: along the direction in which most stands out."""
    if len(rest) == 1:
        only: Grey = rest[0]
        return only
    flat = rest.reshape(len(rest), -1).astype(np.float64)
    weighted = flat * np.square(flat).sum(axis=0)  # ink is far from paper, and grain is near it
    _, directions = np.linalg.eigh(weighted @ flat.T)
    most = directions[:, -1]
    most *= 1 if most.sum() >= 0 else -1
    found: Grey = (most @ flat / np.sqrt(len(rest))).reshape(rest.shape[1:]).astype(np.float32)
    return found
