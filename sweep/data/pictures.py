"""Image files as a network knows its images: 28×28, grey, light on dark.

Images of that size are taken as they are, but for an inversion. Others are prepared as the ones of
the dataset were: MNIST's digits were scaled to fit a square of 20 pixels and centred by their mass
(http://yann.lecun.com/exdb/mnist/); Fashion-MNIST's articles were trimmed, scaled to a longest side
of 28 and put into the middle (https://arxiv.org/abs/1708.07747).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from sweep.config.schema import IMAGE_SIDE
from sweep.errors import UserError

DIGIT_SIDE = 20
LEAST_CONTRAST = 0.05
INK = 0.2  # from which part of the strongest contrast on it is no background
DEEP_MODES = ("I", "I;16", "I;16B", "I;16L")  # 16 bits a pixel, which Pillow would cut off at 8

Grey = NDArray[np.float32]


@dataclass(frozen=True)
class Picture:
    """An image file.

    Attributes:
        file: its path.
        grey: (h, w) float32, 0 (black) to 1 (white).
        steps: what was done to it, in words.
    """

    file: Path
    grey: Grey
    steps: tuple[str, ...]


def read(file: Path) -> Picture:
    """Read an image file of any size and mode, upright and in grey; what is transparent is white.

    Raises:
        UserError: there is no such file, or it is no image.
    """
    try:
        with Image.open(file) as image:
            return _grey(file, ImageOps.exif_transpose(image))
    except FileNotFoundError:
        raise UserError(f"{file}: there is no such file") from None
    except Image.DecompressionBombError as error:
        raise UserError(f"{file}: is too large: {error}") from error
    except (OSError, SyntaxError, ValueError) as error:  # Pillow's, for what is broken
        what = "is a folder" if file.is_dir() else f"is no image that can be read: {error}"
        raise UserError(f"{file}: {what}") from error


def _grey(file: Path, image: Image.Image) -> Picture:
    steps = []
    if image.mode in DEEP_MODES:
        deep = _array(image) / np.float32(65_535)
        if deep.min() < 0 or deep.max() > 1:
            raise ValueError("its pixels have more than 16 bits")
        return Picture(file, deep, ("16 bits to 8",))
    if image.mode == "F":
        raise ValueError("its pixels are 32-bit floats")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
        steps.append("put on white")
    if image.mode not in ("L", "1"):
        steps.append("made grey")
    return Picture(file, _array(image.convert("L")) / np.float32(255), tuple(steps))


def _array(image: Image.Image) -> Grey:
    return np.asarray(image, dtype=np.float32)


def prepare(picture: Picture, dataset: str) -> Picture:
    """Return the picture as the images of a dataset are, (28, 28), light on dark.

    Raises:
        UserError: there is nothing in it.
    """
    grey, steps = picture.grey, list(picture.steps)
    if np.ptp(grey) < LEAST_CONTRAST:
        raise UserError(f"{picture.file}: is of one colour; there is nothing to classify")
    border = np.concatenate([grey[0], grey[-1], grey[1:-1, 0], grey[1:-1, -1]])
    background = np.median(border)
    if background - grey.min() > grey.max() - background:  # the ink is darker than the paper
        grey, background = 1 - grey, 1 - background
        steps.append("inverted")
    if grey.shape != (IMAGE_SIDE, IMAGE_SIDE):
        ink = np.clip(grey - background, 0, None)
        ink /= ink.max()
        fashion = dataset == "fashion_mnist"
        side = IMAGE_SIDE if fashion else DIGIT_SIDE
        height, width = grey.shape
        grey = _placed(_scaled(_trimmed(ink), side), by_mass=not fashion)
        steps.append(f"{width}×{height} fitted into {side}×{side}")
    return Picture(picture.file, grey, tuple(steps))


def _trimmed(ink: Grey) -> Grey:
    rows, columns = (ink > INK).any(axis=1).nonzero()[0], (ink > INK).any(axis=0).nonzero()[0]
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _scaled(ink: Grey, side: int) -> Grey:
    factor = side / max(ink.shape)
    height, width = (max(1, round(each * factor)) for each in ink.shape)
    scaled = Image.fromarray(ink).resize((width, height), Image.Resampling.BILINEAR)
    return np.clip(_array(scaled), 0, 1)


def _placed(ink: Grey, by_mass: bool) -> Grey:
    """Put it into an empty image, with its centre of mass, or its own, in the middle."""
    canvas = np.zeros((IMAGE_SIDE, IMAGE_SIDE), np.float32)
    place = []
    for axis, length in enumerate(ink.shape):
        mass = ink.sum(axis=1 - axis)
        center = np.arange(length) @ mass / mass.sum() if by_mass else length / 2
        place.append(min(max(round(IMAGE_SIDE / 2 - center), 0), IMAGE_SIDE - length))
    top, left = place
    canvas[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return canvas
