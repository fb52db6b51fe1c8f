"""Pictures placed as the images of a dataset are that were placed themselves: MNIST and its kin."""

import numpy as np
from PIL import Image

from sweep.config.images import Framing
from sweep.data.photographs.background import along
from sweep.data.photographs.pictures import LEAST_CONTRAST, Grey, Picture, grey, visible
from sweep.data.readers.decoding import SCALING
from sweep.errors import UserError

INK = 0.2  # from which part of the strongest contrast on it is no background


def framed(picture: Picture, size: tuple[int, int], framing: Framing) -> Picture:
    """Return a picture placed as the images of a dataset are, grey, light on dark.

    Args:
        picture: of any size; one that has this size already is at most inverted.
        size: height and width of the dataset's images, in pixels.
        framing: how they were made of pictures.

    Raises:
        UserError: there is nothing in it.
    """
    picture = _by_contrast(visible(picture))
    (shades,), steps = picture.pixels, []
    if np.ptp(shades) < LEAST_CONTRAST:
        raise UserError(f"{picture.file}: is of one colour; there is nothing to classify")
    border = np.concatenate([shades[0], shades[-1], shades[1:-1, 0], shades[1:-1, -1]])
    background = np.median(border)
    if background - shades.min() > shades.max() - background:  # the ink is darker than the paper
        shades, background = 1 - shades, 1 - background
        steps.append("inverted")
    if shades.shape != size:
        ink = np.clip(shades - background, 0, None)
        ink /= ink.max()
        side = framing.side
        shades = placed(ink, size, framing)
        steps.append(f"{picture.size} fitted into {side}×{side}")
    return picture.changed(shades[None], *steps)


def _by_contrast(picture: Picture) -> Picture:
    """Return the picture in one channel: its brightness, or its colour if only that differs."""
    found = grey(picture)
    if np.ptp(found.pixels) >= LEAST_CONTRAST:
        return found
    apart = picture.pixels - np.median(picture.pixels, axis=(1, 2), keepdims=True)
    if np.ptp(apart, axis=(1, 2)).max() < LEAST_CONTRAST:
        return found
    shades = along(apart)
    return found.changed(((shades - shades.min()) / np.ptp(shades))[None])


def placed(ink: Grey, size: tuple[int, int], framing: Framing) -> Grey:
    """Return ink, trimmed and scaled, in an empty image, as a dataset's images were framed.

    Args:
        ink: (h, w), 0 (none) to 1; there is some.
        size: height and width of the image, in pixels.
        framing: how the dataset's images were made of pictures.
    """
    return _placed(_scaled(_trimmed(ink), framing.side), size, framing.by_mass)


def _trimmed(ink: Grey) -> Grey:
    rows, columns = (ink > INK).any(axis=1).nonzero()[0], (ink > INK).any(axis=0).nonzero()[0]
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _scaled(ink: Grey, side: int) -> Grey:
    factor = side / max(ink.shape)
    height, width = (max(1, round(each * factor)) for each in ink.shape)
    scaled = Image.fromarray(ink).resize((width, height), SCALING)
    return np.clip(np.asarray(scaled), 0, 1)


def _placed(ink: Grey, size: tuple[int, int], by_mass: bool) -> Grey:
    """Put it into an empty image, with its centre of mass, or its own, in the middle."""
    canvas = np.zeros(size, np.float32)
    place = []
    for axis, length in enumerate(ink.shape):
        mass = ink.sum(axis=1 - axis)
        center = np.arange(length) @ mass / mass.sum() if by_mass else length / 2
        place.append(min(max(round(size[axis] / 2 - center), 0), size[axis] - length))
    top, left = place
    canvas[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return canvas
