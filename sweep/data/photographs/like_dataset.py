"""Pictures as a network knows its images: of its dataset's size, framed or resized as these."""

from typing import cast

from sweep.config.images import Framing, Resize
from sweep.data.photographs.framing import framed
from sweep.data.photographs.pictures import Picture, grey, in_colour, units
from sweep.data.readers.broken import Broken
from sweep.data.readers.decoding import RESIZES, Form, decode
from sweep.errors import UserError, either

CHANNELS = {1: "grey", 3: "colour"}  # what image files can be given as


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
        return framed(picture, (height, width), framing)
    if channels not in CHANNELS:
        raise UserError(
            f"the model takes images with {channels} channels; image files have 1 or 3, so allowed "
            "are models of grey images and of colour ones"
        )
    return resized(_IN_CHANNELS[channels](picture), (height, width), resize)


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
        pixels = units(decode(picture.file.read_bytes(), form, str(picture.file)))
    except Broken as error:
        raise UserError(f"{picture.file}: {error}") from error
    except OSError as error:
        raise UserError(f"{picture.file}: cannot be read: {error.strerror}") from error
    if picture.pixels.shape[1:] == size:
        return picture.changed(pixels)
    return picture.changed(pixels, _WORDS[resize].format(picture.size, f"{width}×{height}"))
