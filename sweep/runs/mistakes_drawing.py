"""The images that a network gets most wrong, drawn."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sweep.data.scaling import as_bytes
from sweep.runs.figures import Mistake
from sweep.runs.paper import ACCENT, TITLE_HEIGHT, Paper, fitted

IN_A_ROW, GAP, WORDS_HEIGHT = 6, 34, 54
SHOWN = 128  # pixels of an image's longer side, roughly: small images are enlarged a whole number
LARGEST = 192  # larger ones are made smaller
NARROWEST = 112  # for the words


def draw_mistakes(
    mistakes: Sequence[Mistake], images: NDArray[Any], names: Sequence[str]
) -> Image.Image:
    """Draw the images of mistakes, each with truth, answer and confidence.

    Args:
        mistakes: in the order to draw them in.
        images: (mistakes, channels, height, width) in that order: uint8, or float32 of any range.
        names: of the classes.
    """
    width, height = _size(images.shape[-1], images.shape[-2])
    wide, high = max(width, NARROWEST) + GAP, height + WORDS_HEIGHT
    rows = math.ceil(len(mistakes) / IN_A_ROW)
    paper = Paper(GAP // 2 + IN_A_ROW * wide, TITLE_HEIGHT + rows * high + GAP // 2)
    title = "Test images that it gets most wrong: what each is, what it is taken for, how surely"
    paper.write_title(title if mistakes else "No test image is wrong")
    for place, (each, pixels) in enumerate(zip(mistakes, visible(images), strict=True)):
        row, column = divmod(place, IN_A_ROW)
        middle, y = GAP // 2 + GAP // 4 + (column + 0.5) * wide - GAP / 2, TITLE_HEIGHT + row * high
        shown = _resized(picture(pixels), (width, height))
        paper.picture.paste(shown, (math.floor(middle - width / 2), y))
        room = wide - GAP // 4
        words = fitted(f"no. {each.number}: {names[each.truth]}", room)
        paper.write(middle, y + height + 11, words)
        surely = f"? {each.confidence:.0%}"
        words = fitted(names[each.answer], room - 8 * len(surely))
        paper.write(middle, y + height + 28, f"{words}{surely}", ink=ACCENT)
    return paper.picture


def visible(images: NDArray[Any]) -> NDArray[np.uint8]:
    """Return images as bytes; numbers beyond 0 to 1 are spread from the least to the greatest."""
    if images.dtype != np.uint8 and images.size and (images.min() < 0 or images.max() > 1):
        low, high = images.min(), images.max()
        images = (images - low) / max(high - low, np.finfo(np.float32).tiny)
    return as_bytes(images)


def picture(pixels: NDArray[np.uint8]) -> Image.Image:
    """Return an image, (channels, height, width), in colour if it has three channels."""
    return Image.fromarray(pixels.transpose(1, 2, 0) if len(pixels) == 3 else pixels[0])


def _size(width: int, height: int) -> tuple[int, int]:
    """Return in what size images are shown, width and height in pixels."""
    longer = max(width, height)
    if longer > LARGEST:
        return max(1, width * LARGEST // longer), max(1, height * LARGEST // longer)
    times = max(1, SHOWN // longer)
    return width * times, height * times


def _resized(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    is_larger = size[0] >= image.width
    return image.resize(size, Image.Resampling.NEAREST if is_larger else Image.Resampling.BOX)
