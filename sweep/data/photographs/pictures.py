"""Image files as they are: read, upright, in grey or in red, green and blue."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from sweep.data.readers.decoding import (
    DEEP_MODES,
    ON_THEIR_SIDES,
    ORIENTATION,
    SCALING,
    allowed_pixels,
    open_image,
)
from sweep.data.scaling import as_bytes
from sweep.errors import UserError

LEAST_CONTRAST = 0.05
LONGEST = 1024  # pixels of a picture's longer side: what is larger is made smaller
MOST_PIXELS = 250_000_000  # of a file: phones make 200 million
BITS = (1, 8, 10, 12, 14, 16)  # of a pixel, as cameras and scanners have them
GREY_MODES = ("L", "1")
ON_WHITE, ON_BLACK = "put on white", "put on black"

Grey = NDArray[np.float32]

NO_PIXELS: Grey = np.zeros((1, 0, 0), np.float32)


@dataclass(frozen=True)
class Picture:
    """An image file.

    Attributes:
        file: its path.
        pixels: (channels, h, w) float32, 0 (black) to 1 (white); one channel, or red, green, blue.
        steps: what was done to it, in words.
        full: height and width of what is in the file, upright; None for those of the pixels.
        opaque: (h, w) float32, 0 (transparent) to 1; None if all of it is opaque.
        part: which one it is of several that the file shows, as ``2 of 3``; empty if it is all.
    """

    file: Path
    pixels: Grey
    steps: tuple[str, ...]
    full: tuple[int, int] | None = None
    opaque: Grey | None = None
    part: str = ""

    @property
    def size(self) -> str:
        """Width and height of what is in the file, in words."""
        height, width = self.full or self.pixels.shape[1:]
        return f"{width}×{height}"

    @property
    def name(self) -> str:
        """The file, and which part of it."""
        return f"{self.file}, {self.part}" if self.part else str(self.file)

    def changed(self, pixels: Grey, *steps: str) -> "Picture":
        """Return the picture with other pixels, and what was done to it."""
        return replace(self, pixels=pixels, steps=(*self.steps, *steps))

    def without_pixels(self) -> "Picture":
        """Return the picture without what takes megabytes, to tell of it and no more."""
        height, width = self.full or self.pixels.shape[1:]
        return replace(self, pixels=NO_PIXELS, full=(height, width), opaque=None)


@contextmanager
def at_most(pixels: int) -> Iterator[None]:
    """Let image files have so many pixels, and refuse larger ones instead of warning of them."""
    before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, pixels
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def read(file: Path) -> Picture:
    """Read an image file of any size and mode, upright; what is transparent is white.

    A large one is made smaller at once.

    Raises:
        UserError: there is no such file, or it is no image, or is larger than :func:`at_most` says.
    """
    try:
        with open_image(file) as image:
            width, height = image.size
            image.draft(None, (LONGEST, LONGEST))  # what JPEG can do while it is decoded
            is_on_its_side = image.getexif().get(ORIENTATION, 1) in ON_THEIR_SIDES
            full = (width, height) if is_on_its_side else (height, width)
            return replace(_picture(file, ImageOps.exif_transpose(image)), full=full)
    except FileNotFoundError:
        raise UserError(f"{file}: there is no such file") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UserError(f"{file}: is too large: {allowed_pixels()}") from None
    except IsADirectoryError as error:
        raise UserError(f"{file}: is a folder") from error
    except Exception as error:  # whatever Pillow's readers run into in a broken file
        reason = str(error) or type(error).__name__
        raise UserError(f"{file}: is no image that can be read: {reason}") from error


def _picture(file: Path, image: Image.Image) -> Picture:
    if image.mode in DEEP_MODES:
        return _deep(file, image)
    if image.mode == "F":
        raise ValueError("its pixels are 32-bit floats")
    if image.has_transparency_data:
        image = _smaller(image.convert("RGBA"))
        on_white = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        opaque = np.asarray(image.getchannel("A")) / np.float32(255)
        return Picture(file, _pixels(on_white.convert("RGB")), (ON_WHITE,), opaque=opaque)
    mode = "L" if image.mode in GREY_MODES else "RGB"
    return Picture(file, _pixels(_smaller(image.convert(mode))), ())


def _deep(file: Path, image: Image.Image) -> Picture:
    """Return a picture of more than 8 bits a pixel; the brightest one tells how many they are."""
    low, high = image.getextrema()
    if not (isinstance(low, int | float) and isinstance(high, int | float)):
        raise ValueError("its pixels are no single numbers")
    if low < 0 or high > 65_535:
        raise ValueError("its pixels have more than 16 bits")
    bits = next(each for each in BITS if high < 2**each)
    units = Image.fromarray(np.asarray(image, np.float32) / np.float32(2**bits - 1))
    steps = (f"{bits} bits to 8",) if bits > 8 else ()
    return Picture(file, np.asarray(_smaller(units))[None], steps)


def _smaller(image: Image.Image) -> Image.Image:
    """Return it with a longer side of at most so many pixels."""
    if max(image.size) > LONGEST:
        image.thumbnail((LONGEST, LONGEST), SCALING, reducing_gap=2.0)
    return image


def visible(picture: Picture) -> Picture:
    """Return the picture on black, if it is transparent and nothing of it shows on white."""
    if picture.opaque is None or np.ptp(picture.pixels, axis=(1, 2)).max() >= LEAST_CONTRAST:
        return picture
    steps = tuple(ON_BLACK if each == ON_WHITE else each for each in picture.steps)
    return replace(picture, pixels=picture.pixels - (1 - picture.opaque), steps=steps)


def _pixels(image: Image.Image) -> Grey:
    """Return a picture's pixels, (channels, h, w) float32, 0 to 1."""
    return units(np.atleast_3d(np.asarray(image)))


def units(pixels: NDArray[Any]) -> Grey:
    """Return (h, w, channels) bytes as (channels, h, w) float32, 0 to 1."""
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)) / np.float32(255)


def _image(pixels: Grey) -> Image.Image:
    whole = as_bytes(pixels)
    return Image.fromarray(whole[0] if len(whole) == 1 else whole.transpose(1, 2, 0))


def grey(picture: Picture) -> Picture:
    """Return the picture in one channel, as Pillow weighs its colours."""
    if len(picture.pixels) == 1:
        return picture
    return picture.changed(_pixels(_image(picture.pixels).convert("L")), "made grey")


def in_colour(picture: Picture) -> Picture:
    """Return the picture in three channels: equal ones if it is grey."""
    if len(picture.pixels) == 3:
        return picture
    return picture.changed(np.repeat(picture.pixels, 3, axis=0), "grey in three channels")
