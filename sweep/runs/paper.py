"""A Pillow canvas for pictures with much text: it takes a fifth of matplotlib's time."""

import bisect
import functools

from PIL import Image, ImageDraw, ImageFont

from sweep.plotting.style import VERMILION, font_manager

INK, GREY, PAPER, ACCENT = "#333333", "#ebebeb", "#ffffff", VERMILION
LETTERS = 13  # their size, in pixels
TITLE_HEIGHT = 36
MARGIN = 14
NARROWEST_LETTER = 2.5  # in pixels: an i is not much wider


class Paper:
    """A white picture that words are written on.

    Attributes:
        picture: what is drawn so far.
        pen: draws on it.
    """

    def __init__(self, width: int, height: int) -> None:
        """Take its size in pixels."""
        self.picture = Image.new("RGB", (width, height), PAPER)
        self.pen = ImageDraw.Draw(self.picture)

    def write(
        self,
        x: float,
        y: float,
        words: str,
        anchor: str = "mm",
        ink: str = INK,
        letters: int = LETTERS,
    ) -> None:
        """Write words at a place, by default around it.

        Args:
            x: from the left, in pixels.
            y: from the top.
            words: on one line.
            anchor: which of their points is at the place, as Pillow has it.
            ink: their colour.
            letters: their size, in pixels.
        """
        self.pen.text((x, y), words, fill=ink, font=_font(letters), anchor=anchor)

    def write_title(self, words: str) -> None:
        """Write words at the top."""
        self.write(MARGIN, TITLE_HEIGHT / 2, words, "lm")


def width_of(words: str, letters: int = LETTERS) -> int:
    """Return how wide words are, in pixels."""
    return round(_font(letters).getlength(words))


def fitted(words: str, width: float, letters: int = LETTERS) -> str:
    """Return words, of whatever text, on one line that is not wider than so many pixels."""
    words = " ".join(words.split())
    at_most = max(1, int(width / NARROWEST_LETTER))
    if len(words) <= at_most and width_of(words, letters) <= width:
        return words
    fits = bisect.bisect_right(
        range(min(len(words), at_most)),
        width,
        key=lambda length: width_of(f"{words[:length]}…", letters),
    )
    return f"{words[: max(fits - 1, 0)].rstrip()}…"


@functools.cache
def _font(letters: int) -> ImageFont.FreeTypeFont:
    """Return the font that comes with matplotlib, so that all figures look alike."""
    return ImageFont.truetype(font_manager.findfont("DejaVu Sans"), letters)
