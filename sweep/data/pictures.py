"""Image files as a network knows its images: of its dataset's size, framed or resized as these."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from sweep.config.images import Framing, Resize
from sweep.data.decoding import DEEP_MODES, RESIZES, SCALING, Broken, Form, decode, open_image
from sweep.data.scaling import as_bytes
from sweep.errors import UserError, either

LEAST_CONTRAST = 0.05
INK = 0.2  # from which part of the strongest contrast on it is no background
GREY_MODES = ("L", "1")
CHANNELS = {1: "grey", 3: "colour"}  # what image files can be given as

Grey = NDArray[np.float32]


@dataclass(frozen=True)
class Picture:
    """An image file.

    Attributes:
        file: its path.
        pixels: (channels, h, w) float32, 0 (black) to 1 (white); one channel, or red, green, blue.
        steps: what was done to it, in words.
    """

    file: Path
    pixels: NDArray[np.float32]
    steps: tuple[str, ...]

    @property
    def size(self) -> str:
        """Width and height, in words."""
        _, height, width = self.pixels.shape
        return f"{width}×{height}"

    def changed(self, pixels: NDArray[np.float32], *steps: str) -> "Picture":
        """Return the picture with other pixels, and what was done to it."""
        return replace(self, pixels=pixels, steps=(*self.steps, *steps))


def read(file: Path) -> Picture:
    """Read an image file of any size and mode, upright; what is transparent is white.

    Raises:
        UserError: there is no such file, or it is no image.
    """
    try:
        with open_image(file) as image:
            return _picture(file, ImageOps.exif_transpose(image))
    except FileNotFoundError:
        raise UserError(f"{file}: there is no such file") from None
    except Image.DecompressionBombError as error:
        raise UserError(f"{file}: is too large: {error}") from error
    except IsADirectoryError as error:
        raise UserError(f"{file}: is a folder") from error
    except Exception as error:  # whatever Pillow's readers run into in a broken file
        reason = str(error) or type(error).__name__
        raise UserError(f"{file}: is no image that can be read: {reason}") from error


def _picture(file: Path, image: Image.Image) -> Picture:
    steps: list[str] = []
    if image.mode in DEEP_MODES:
        deep = np.asarray(image, np.float32) / np.float32(65_535)
        if deep.min() < 0 or deep.max() > 1:
            raise ValueError("its pixels have more than 16 bits")
        return Picture(file, deep[None], ("16 bits to 8",))
    if image.mode == "F":
        raise ValueError("its pixels are 32-bit floats")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        steps.append("put on white")
    mode = "L" if image.mode in GREY_MODES else "RGB"
    return Picture(file, _pixels(image.convert(mode)), tuple(steps))


def _pixels(image: Image.Image) -> NDArray[np.float32]:
    """Return a picture's pixels, (channels, h, w) float32, 0 to 1."""
    return _units(np.atleast_3d(np.asarray(image)))


def _units(pixels: NDArray[Any]) -> NDArray[np.float32]:
    """Return (h, w, channels) bytes as (channels, h, w) float32, 0 to 1."""
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)) / np.float32(255)


def _image(pixels: NDArray[np.float32]) -> Image.Image:
    whole = as_bytes(pixels)
    return Image.fromarray(whole[0] if len(whole) == 1 else whole.transpose(1, 2, 0))


def as_dataset(
    picture: Picture, shape: tuple[int, int, int], framing: Framing | None, resize: str
) -> Picture:
    """Return the picture as the images of a dataset are.

    Args:
        picture: of any size, grey or in colour.
        shape: of the dataset's images: channels, height, width.
        framing: how grey ones were made of pictures; None if they were only resized.
        resize: how they were resized.

    Raises:
        UserError: there is nothing in it, or no picture can become such an image.
    """
    channels, height, width = shape
    if framing and channels == 1:
        return framed(grey(picture), (height, width), framing)
    if channels not in CHANNELS:
        raise UserError(
            f"the model takes images with {channels} channels; image files have 1 or 3, so allowed "
            "are models of grey images and of colour ones"
        )
    return resized(_IN_CHANNELS[channels](picture), (height, width), resize)


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


_IN_CHANNELS = {1: grey, 3: in_colour}
_WORDS = {  # for what is done by these
    "squash": "{} scaled to {}",
    "fit": "{} fitted into {}",
    "crop": "the middle of {} scaled to {}",
}


def resized(picture: Picture, size: tuple[int, int], resize: str) -> Picture:
    """Return the whole picture, or its middle, in another size: as a dataset decodes its file.

    Args:
        picture: of any size.
        size: height and width, in pixels.
        resize: ``squash`` changes the proportions, ``fit`` adds black borders, ``crop`` cuts what
            is over.

    Raises:
        UserError: it is another word, or the file cannot be decoded as a dataset's is.
    """
    if resize not in RESIZES:
        raise UserError(
            f"the model's images were resized by {resize}: allowed is {either(RESIZES)}"
        )
    height, width = size
    form = Form(size, cast(Resize, resize), len(picture.pixels))
    try:
        pixels = _units(decode(picture.file.read_bytes(), form))
    except Broken as error:
        raise UserError(f"{picture.file}: {error}") from error
    except OSError as error:
        raise UserError(f"{picture.file}: cannot be read: {error.strerror}") from error
    if picture.pixels.shape[1:] == size:
        return picture.changed(pixels)
    return picture.changed(pixels, _WORDS[resize].format(picture.size, f"{width}×{height}"))


def framed(picture: Picture, size: tuple[int, int], framing: Framing) -> Picture:
    """Return a grey picture placed as the images of a dataset are, light on dark.

    Args:
        picture: of any size; one that has this size already is at most inverted.
        size: height and width of the dataset's images, in pixels.
        framing: how they were made of pictures.

    Raises:
        UserError: there is nothing in it.
    """
    (grey,), steps = picture.pixels, []
    if np.ptp(grey) < LEAST_CONTRAST:
        raise UserError(f"{picture.file}: is of one colour; there is nothing to classify")
    border = np.concatenate([grey[0], grey[-1], grey[1:-1, 0], grey[1:-1, -1]])
    background = np.median(border)
    if background - grey.min() > grey.max() - background:  # the ink is darker than the paper
        grey, background = 1 - grey, 1 - background
        steps.append("inverted")
    if grey.shape != size:
        ink = np.clip(grey - background, 0, None)
        ink /= ink.max()
        side = framing.side
        grey = _placed(_scaled(_trimmed(ink), side), size, framing.by_mass)
        steps.append(f"{picture.size} fitted into {side}×{side}")
    return picture.changed(grey[None], *steps)


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
