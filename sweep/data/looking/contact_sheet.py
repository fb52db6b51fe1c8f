"""Examples of each class on one sheet."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sweep.data.readers.broken import Broken
from sweep.data.readers.decoding import AS_THEY_ARE, SCALING
from sweep.data.readers.parts import Part
from sweep.errors import UserError
from sweep.plotting.style import font_manager

EXAMPLES = 10  # of a class
CELL, GAP = 64, 6  # in pixels
PAPER, INK = "#ffffff", "#333333"
TRIED = 50  # images of a class, where many are broken
MOST_CLASSES = 1_000  # whose sheet is 70,000 pixels high


def check_suffix(path: Path) -> None:
    """Check that a sheet's file is named as what it is.

    Raises:
        UserError: it ends in something else.
    """
    if path.suffix.lower() != ".png":
        raise UserError(f"--sheet {path}: allowed is a file that ends in .png")


def check_classes(path: Path, classes: int) -> None:
    """Check that a line a class makes an image that can be looked at.

    Raises:
        UserError: there are too many, as where the labels number the images.
    """
    if classes > MOST_CLASSES:
        raise UserError(
            f"--sheet {path}: has a line for each class, and there are {classes:,}; allowed are at "
            f"most {MOST_CLASSES:,}, or to leave it out"
        )


def contact_sheet(part: Part, class_names: Sequence[str]) -> Image.Image:
    """Draw the first images of each class beside its name, a line a class.

    Args:
        part: the images.
        class_names: in the order of their labels.
    """
    font = ImageFont.truetype(font_manager.findfont("DejaVu Sans"), 13)
    names = [name.replace("\n", " ") for name in class_names]  # the font measures single lines
    left = round(max(map(font.getlength, names))) + 3 * GAP
    step = CELL + GAP
    size = (left + EXAMPLES * step, GAP + len(names) * step)
    sheet = Image.new("RGB", size, PAPER)
    pen = ImageDraw.Draw(sheet)
    for label, name in enumerate(names):
        top = GAP + label * step
        pen.text((GAP, top + CELL / 2), name, fill=INK, font=font, anchor="lm")
        for place, image in enumerate(_examples(part, label)):
            x, y = left + place * step, top
            sheet.paste(image, (x + (CELL - image.width) // 2, y + (CELL - image.height) // 2))
    return sheet


def _examples(part: Part, label: int) -> list[Image.Image]:
    found: list[Image.Image] = []
    for row in np.flatnonzero(part.labels == label)[:TRIED]:
        try:
            pixels = part.pictures.pixels(int(row), AS_THEY_ARE)
        except Broken:
            continue
        found.append(_fitted(pixels))
        if len(found) == EXAMPLES:
            break
    return found


def _fitted(pixels: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> Image.Image:
    """Return an image that fits a cell; floats from black, their least, to white."""
    values = np.asarray(pixels)
    if values.dtype != np.uint8:
        values = values - values.min()
        values = (values * (255 / max(float(values.max()), 1e-30))).astype(np.uint8)
    image = Image.fromarray(values[..., 0] if values.shape[2] == 1 else values).convert("RGB")
    factor = CELL / max(image.size)
    width, height = (max(1, round(side * factor)) for side in image.size)
    return image.resize((width, height), Image.Resampling.NEAREST if factor > 1 else SCALING)
