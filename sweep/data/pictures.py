"""Image files as a network knows its images: of its dataset's size, grey, framed as these were."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from sweep.config.choices import Framing
from sweep.errors import UserError

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


def framed(picture: Picture, size: tuple[int, int], framing: Framing | None) -> Picture:
    """Return the picture as the images of a dataset are.

    Args:
        picture: of any size.
        size: height and width of the dataset's images, in pixels; a picture that has it already is
            at most inverted.
        framing: how they were made of pictures, light on dark; None to scale the whole picture.

    Raises:
        UserError: there is nothing in it.
    """
    if np.ptp(picture.grey) < LEAST_CONTRAST:
        raise UserError(f"{picture.file}: is of one colour; there is nothing to classify")
    if framing is None:
        return _scaled_whole(picture, size)
    grey, steps = picture.grey, list(picture.steps)
    border = np.concatenate([grey[0], grey[-1], grey[1:-1, 0], grey[1:-1, -1]])
    background = np.median(border)
    if background - grey.min() > grey.max() - background:  # the ink is darker than the paper
        grey, background = 1 - grey, 1 - background
        steps.append("inverted")
    if grey.shape != size:
        ink = np.clip(grey - background, 0, None)
        ink /= ink.max()
        side = framing.side
        height, width = grey.shape
        grey = _placed(_scaled(_trimmed(ink), side), size, framing.by_mass)
        steps.append(f"{width}×{height} fitted into {side}×{side}")
    return Picture(picture.file, grey, tuple(steps))


def _scaled_whole(picture: Picture, size: tuple[int, int]) -> Picture:
    if picture.grey.shape == size:
        return picture
    height, width = size
    scaled = Image.fromarray(picture.grey).resize((width, height), Image.Resampling.BILINEAR)
    before = "×".join(map(str, picture.grey.shape[::-1]))
    steps = (*picture.steps, f"{before} scaled to {width}×{height}")
    return Picture(picture.file, np.clip(_array(scaled), 0, 1), steps)


def _trimmed(ink: Grey) -> Grey:
    rows, columns = (ink > INK).any(axis=1).nonzero()[0], (ink > INK).any(axis=0).nonzero()[0]
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _scaled(ink: Grey, side: int) -> Grey:
    factor = side / max(ink.shape)
    height, width = (max(1, round(each * factor)) for each in ink.shape)
    scaled = Image.fromarray(ink).resize((width, height), Image.Resampling.BILINEAR)
    return np.clip(_array(scaled), 0, 1)


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
