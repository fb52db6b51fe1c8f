"""What a network was given of image files, drawn beside its answers."""

import math
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from sweep.data.photographs.answers import Answer
from sweep.data.photographs.pictures import Grey
from sweep.data.scaling import as_bytes
from sweep.display.answers import DOUBTFUL
from sweep.errors import UserError
from sweep.files import write_whole
from sweep.runs.paper import ACCENT, GREY, INK, TITLE_HEIGHT, Paper, fitted

IN_A_ROW, GAP, SIDE, WORDS_HEIGHT = 4, 18, 140, 62
TITLE = "Each picture, what the network was given of it, and its answer"
SUFFIXES = (".png",)


def check_drawing(file: Path) -> None:
    """See that a drawing can be written to this file.

    Raises:
        UserError: it is of another kind, or its folder is not there.
    """
    if file.suffix.lower() not in SUFFIXES:
        raise UserError(f"--show {file}: allowed is a file that ends in .png")
    if not file.parent.is_dir():
        raise UserError(f"--show {file}: there is no folder {file.parent}")


def draw_seen(answers: Sequence[Answer], sources: Sequence[Grey]) -> Image.Image:
    """Draw the answers, each below its picture and what the network was given of it.

    Args:
        answers: in the order to draw them in.
        sources: (channels, h, w) the picture that each is to, as it was read.
    """
    wide, high = 2 * SIDE + 2 * GAP, SIDE + WORDS_HEIGHT + GAP
    columns = min(IN_A_ROW, len(answers))
    rows = math.ceil(len(answers) / IN_A_ROW)
    paper = Paper(columns * wide + GAP, TITLE_HEIGHT + rows * high)
    paper.write_title(fitted(TITLE, columns * wide - GAP))
    for place, (each, source) in enumerate(zip(answers, sources, strict=True)):
        row, column = divmod(place, IN_A_ROW)
        x, y = GAP + column * wide, TITLE_HEIGHT + row * high
        for number, pixels in enumerate((source, each.picture.pixels)):
            shown = _fitted_into_square(pixels)
            left = x + number * (SIDE + GAP // 2)
            paper.pen.rectangle((left - 1, y - 1, left + SIDE, y + SIDE), GREY, GREY)
            corner = left + (SIDE - shown.width) // 2, y + (SIDE - shown.height) // 2
            paper.picture.paste(shown, corner)
        middle, room = x + SIDE + GAP / 4, 2 * SIDE + GAP
        said = f"{each.name}   {each.probability:.0%}"
        paper.write(middle, y + SIDE + 14, fitted(each.picture.name, room))
        if each.doubts:
            paper.write(middle, y + SIDE + 31, fitted(f"{DOUBTFUL}: {said}", room), ink=ACCENT)
            paper.write(middle, y + SIDE + 47, fitted(each.doubts[0], room, 11), letters=11)
        else:
            paper.write(middle, y + SIDE + 31, fitted(said, room), ink=INK)
    return paper.picture


def write_seen(answers: Sequence[Answer], sources: Sequence[Grey], file: Path) -> None:
    """Draw the answers into a PNG file.

    Raises:
        UserError: it cannot be written.
    """
    stream = BytesIO()
    draw_seen(answers, sources).save(stream, "PNG")
    try:
        write_whole(file, lambda open_file: open_file.write(stream.getvalue()))
    except OSError as error:
        raise UserError(f"--show {file}: cannot be written: {error.strerror}") from error


def _fitted_into_square(pixels: Grey) -> Image.Image:
    """Return a picture whose longer side is as long as the square's."""
    whole = as_bytes(pixels)
    image = Image.fromarray(
        np.ascontiguousarray(whole[0] if len(whole) == 1 else whole.transpose(1, 2, 0))
    )
    factor = SIDE / max(image.size)
    size = max(1, round(image.width * factor)), max(1, round(image.height * factor))
    way = Image.Resampling.NEAREST if factor > 1 else Image.Resampling.BOX
    return image.resize(size, way).convert("RGB")
