"""Digits on photographs and scans, each as an image of a dataset of such digits."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy import ndimage

from sweep.config.images import Framing
from sweep.data.photographs.background import Grey
from sweep.data.photographs.digits import Digit, as_one, digits
from sweep.data.photographs.framing import framed, placed
from sweep.data.photographs.ink import Ink, find_ink
from sweep.data.photographs.pictures import LEAST_CONTRAST, Picture, visible
from sweep.errors import UserError

SLIMMEST = 1.4  # pixels of the dataset's images: how wide the strokes are made at least
MOST = 200  # digits of a picture that are answered: more are no digits, but a pattern
MOST_PIECES = 5 * MOST  # of ink: each is compared with each other one

Choose = Callable[[Ink], list[Digit]]


def each_digit(picture: Picture, size: tuple[int, int], framing: Framing) -> list[Picture]:
    """Return the digits of a picture, in the order in which they are read.

    Args:
        picture: of any size, grey or in colour; one that has the dataset's size is taken for one
            of its images, and at most inverted.
        size: height and width of the dataset's images, in pixels.
        framing: how they were made of pictures.

    Raises:
        UserError: there is nothing in it, or too much.
    """
    return _found(picture, size, framing, lambda ink: _apart(ink, picture.file))


def one_digit(picture: Picture, size: tuple[int, int], framing: Framing) -> list[Picture]:
    """Return all the ink of a picture as one digit; see :func:`each_digit`."""
    return _found(picture, size, framing, lambda ink: [as_one(ink)])


def _found(
    picture: Picture, size: tuple[int, int], framing: Framing, choose: Choose
) -> list[Picture]:
    if picture.pixels.shape[1:] == size:
        return [framed(picture, size, framing)]
    picture = visible(picture)
    if np.ptp(picture.pixels, axis=(1, 2)).max() < LEAST_CONTRAST:
        raise UserError(f"{picture.file}: is of one colour; there is nothing to classify")
    ink = find_ink(picture.pixels)
    if ink is None:
        raise UserError(
            f"{picture.file}: nothing stands out from its background; there is nothing to classify"
        )
    made = [_as_image(picture, ink, each, size, framing) for each in choose(ink)]
    if len(made) == 1:
        return made
    return [replace(each, part=f"{n} of {len(made)}") for n, each in enumerate(made, 1)]


def _apart(ink: Ink, file: Path) -> list[Digit]:
    """Return the digits one by one, unless they are too many."""
    if ink.pieces > MOST_PIECES:
        raise UserError(
            f"{file}: has {ink.pieces:,} pieces of ink; allowed are {MOST_PIECES:,}, or --one for "
            "all together"
        )
    found = digits(ink)
    if len(found) > MOST:
        raise UserError(
            f"{file}: has {len(found):,} things that may be digits; allowed are {MOST}, or --one "
            "for all together"
        )
    return found


def _as_image(
    picture: Picture, ink: Ink, digit: Digit, size: tuple[int, int], framing: Framing
) -> Picture:
    steps = [f"{picture.size} fitted into {framing.side}×{framing.side}"]
    width = digit.stroke * framing.side / max(digit.ink.shape)  # in the dataset's pixels
    strokes = digit.ink
    if width < SLIMMEST:
        wider = (SLIMMEST - width) / width * digit.stroke / 2
        strokes = _thicker(strokes, wider)
        steps.append("strokes made thicker")
    return picture.changed(placed(strokes, size, framing)[None], *_words(picture, ink), *steps)


def _thicker(ink: Grey, by: float) -> Grey:
    """Return strokes that are wider by so many pixels on each side."""
    reach = max(1, round(by))
    disc = np.hypot(*np.indices((2 * reach + 1, 2 * reach + 1)) - reach) <= max(by, 1)
    found: Grey = ndimage.grey_dilation(np.pad(ink, reach), footprint=disc)
    return found


def _words(picture: Picture, ink: Ink) -> list[str]:
    """Say what was done to find the ink."""
    steps = ["made grey"] if len(picture.pixels) == 3 else []
    steps += ["inverted"] if ink.sign < 0 else []
    for count, name in zip(ink.left_out, ("speck", "frame", "line"), strict=True):
        if count:
            steps.append(f"{count} {name}{'s' if count > 1 else ''} left out")
    return steps
