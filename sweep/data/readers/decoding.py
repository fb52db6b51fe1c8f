"""Image files to pixels: by Pillow, and by simplejpeg where that is installed and gives the same.

An image is upright by its EXIF orientation, on white where it is transparent, and has 8 bits: 16
are scaled, not cut. Pillow refuses what is truncated.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from sweep.config.images import Resize
from sweep.data.readers.broken import Broken, unusable

try:
    import simplejpeg
except ImportError:  # it is an extra
    simplejpeg = None

Pixels = NDArray[np.uint8]

SCALING = Image.Resampling.BILINEAR
ORIENTATION = 0x0112  # EXIF's tag
ON_THEIR_SIDES = (5, 6, 7, 8)  # the orientations that exchange width and height
DEEP_MODES = ("I", "I;16", "I;16B", "I;16L")  # 16 bits a pixel, which Pillow would cut off at 8
GREY_MODES = ("1", "L", "LA", "La")
# What Pillow decodes itself. It goes by what is in a file, not by its name, and PostScript, in
# which a file can do anything, it would give to another program.
FORMATS = (
    *("AVIF", "BMP", "DIB", "GIF", "ICO", "JPEG", "JPEG2000", "MPO", "PCX", "PNG", "PPM", "QOI"),
    *("SGI", "TGA", "TIFF", "WEBP"),
)
MODES = {1: "L", 3: "RGB"}  # by the number of channels
JPEG_START = b"\xff\xd8\xff"
MAY_LIE = (b"Exif\0\0", b"tiff:Orientation")  # in a file that has an orientation
JPEG_CHANNELS = {"Gray": 1, "YCbCr": 3}  # of simplejpeg's names; Pillow reads the others
JPEG_NAMES = {1: "GRAY", 3: "RGB"}


@dataclass(frozen=True)
class Form:
    """What images become when they are decoded.

    Attributes:
        size: height and width, in pixels; None for those that each has.
        resize: ``squash`` changes the proportions, ``fit`` keeps them and adds black borders,
            ``crop`` keeps them and cuts what is over.
        channels: 1 (grey) or 3 (red, green, blue); None for those that each has.
    """

    size: tuple[int, int] | None = None
    resize: Resize = "squash"
    channels: int | None = None


AS_THEY_ARE = Form()
RESIZES: dict[str, Callable[[Image.Image, tuple[int, int]], Image.Image]] = {
    "squash": lambda image, size: image.resize(size, SCALING),
    "fit": lambda image, size: ImageOps.pad(image, size, SCALING),
    "crop": lambda image, size: ImageOps.fit(image, size, SCALING),
}


@contextmanager
def without_warnings() -> Iterator[None]:
    """Keep Pillow from warning of what is odd in a file: it is decoded, or :class:`Broken`.

    Warnings are the whole process's, so this goes around the threads that decode. These would load
    Pillow's formats all at once, and some of them find none: so they are loaded before.
    """
    Image.init()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def open_image(file: Path | IO[bytes]) -> Image.Image:
    """Open an image file of a format that Pillow decodes itself; its pixels are not read yet.

    Args:
        file: its path, or its content.

    Raises:
        UnidentifiedImageError: it is none.
        OSError: it cannot be read.
    """
    Image.init()
    return Image.open(file, formats=[each for each in FORMATS if each in Image.OPEN])


def decode(content: bytes, form: Form = AS_THEY_ARE, where: str = "an image") -> Pixels:
    """Return an image file's pixels, (height, width, channels) uint8.

    Args:
        content: of the file; of one with several images, the first counts.
        form: what it becomes.
        where: it lies, in words.

    Raises:
        Broken: it is none that can be read.
        UserError: there is not enough memory.
    """
    if not content:
        raise Broken("is empty")
    try:
        if (decoded := _decode_jpeg(content, form)) is not None:
            return resized(decoded, form)
        return _decode_by_pillow(content, form)
    except UnidentifiedImageError:
        raise Broken("is no image that can be read") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Broken(f"is too large: {allowed_pixels()}") from None
    except Broken:
        raise
    except Exception as error:  # whatever Pillow's readers run into in a broken file
        raise unusable(where, "cannot be decoded", error) from error


def encode(pixels: Pixels) -> bytes:
    """Return pixels, (h, w, 1 or 3) uint8, as a PNG file's content."""
    stream = BytesIO()
    _image(pixels).save(stream, "PNG")
    return stream.getvalue()


def mode_of(content: bytes) -> str:
    """Return how an image file holds its pixels, in Pillow's words, as ``RGB`` or ``I;16``.

    Args:
        content: of the file.

    Raises:
        Broken: it is none that can be read.
    """
    try:
        with open_image(BytesIO(content)) as image:
            return image.mode
    except Exception as error:  # whatever Pillow's readers run into in a broken file
        raise Broken("is no image that can be read") from error


def resized(pixels: Pixels, form: Form) -> Pixels:
    """Return pixels that are decoded already, (h, w, 1 or 3) uint8, in their form."""
    height, width, channels = pixels.shape
    if (form.size or (height, width)) == (height, width) and form.channels in (None, channels):
        return pixels
    return _pixels(_image(pixels), form)


def _decode_by_pillow(content: bytes, form: Form) -> Pixels:
    with open_image(BytesIO(content)) as image:
        _check_pixels(*image.size)
        if form.size:
            is_on_its_side = image.getexif().get(ORIENTATION, 1) in ON_THEIR_SIDES
            image.draft(None, form.size if is_on_its_side else form.size[::-1])
        return _pixels(_in_8_bits(ImageOps.exif_transpose(image)), form)


def _decode_jpeg(content: bytes, form: Form) -> Pixels | None:
    """Return what simplejpeg makes of it; None for what is Pillow's to read, or to refuse."""
    if simplejpeg is None or form.size or not content.startswith(JPEG_START):
        return None
    if any(each in content for each in MAY_LIE):
        return None
    try:
        height, width, colours, _ = simplejpeg.decode_jpeg_header(content)
        if (channels := JPEG_CHANNELS.get(colours)) is None or height * width > _most_pixels():
            return None
        pixels: Pixels = simplejpeg.decode_jpeg(content, colorspace=JPEG_NAMES[channels])
    except ValueError:
        return None
    return pixels


def _image(pixels: Pixels) -> Image.Image:
    return Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)


def _most_pixels() -> int:
    return Image.MAX_IMAGE_PIXELS or 2**63


def allowed_pixels() -> str:
    """Say how many pixels an image file may have."""
    return f"allowed are {_most_pixels():,} pixels"


def _check_pixels(width: int, height: int) -> None:
    if width * height > _most_pixels():
        raise Broken(f"is too large: {width}×{height}; {allowed_pixels()}")


def _in_8_bits(image: Image.Image) -> Image.Image:
    """Return it in grey or in red, green and blue, on white."""
    if image.mode in DEEP_MODES:
        deep: NDArray[Any] = np.asarray(image)
        if deep.min() < 0 or deep.max() > 65_535:
            raise Broken("has pixels of more than 16 bits")
        return Image.fromarray(((deep.astype(np.uint32) + 128) // 257).astype(np.uint8))
    if image.mode == "F":
        raise Broken("has pixels that are floats; allowed are 8 or 16 bits")
    mode = "L" if image.mode in GREY_MODES else "RGB"
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert(mode)


def _pixels(image: Image.Image, form: Form) -> Pixels:
    if form.channels:
        image = image.convert(MODES[form.channels])
    if form.size and image.size != form.size[::-1]:
        image = RESIZES[form.resize](image, form.size[::-1])
    pixels: Pixels = np.asarray(image)
    return pixels if pixels.ndim == 3 else pixels[..., None]
