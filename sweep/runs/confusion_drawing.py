"""Draws the confusion matrix, for two classes as for a thousand."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sweep.runs.figures import mistake_shares, most_confused
from sweep.runs.paper import INK, LETTERS, MARGIN, PAPER, TITLE_HEIGHT, Paper, fitted, width_of

FEW, MANY = (242, 247, 252), (8, 48, 107)  # a mistake's colour, red, green and blue
RIGHT = (235, 235, 235)  # on the diagonal
CELL, LEAST_CELL, CELLS = 54, 3, 1_200  # pixels: of one at most, at least; of all, if that goes
WITH_NUMBERS, WITH_GAPS, GAP = 30, 8, 2  # pixels that a cell needs for them
SMALL_LETTERS = 10
WIDEST_LABEL = 240
LISTED, LINE = 15, 19  # mistakes, and the height of a line in pixels


def draw_confusion(counts: NDArray[np.int64], names: Sequence[str]) -> Image.Image:
    """Draw a table of truths and answers; the more often a mistake, the darker.

    With many classes its cells are small: they then have no numbers, but the most frequent mistakes
    are listed below; and not every class has its label.

    Args:
        counts: (classes, classes), a row for each truth.
        names: of the classes.
    """
    number = len(names)
    cell = min(CELL, max(LEAST_CELL, CELLS // number))
    letters = LETTERS if cell > LETTERS else SMALL_LETTERS
    rows = range(0, number, math.ceil((letters + 1) / cell))
    labels = {row: _label(row, names, letters) for row in rows}
    left = 40 + max(width_of(label, letters) for label in labels.values())
    top = TITLE_HEIGHT + 50
    side = number * cell
    listed = [] if cell >= WITH_NUMBERS else most_confused(counts, LISTED)
    below = LINE * (len(listed) + 1) if listed else 0
    paper = Paper(max(left + side + 16, 320), top + side + 16 + below)
    total, wrong = counts.sum(), counts.sum() - counts.trace()
    paper.write_title(f"Test images: {wrong:,} of {total:,} wrong")
    paper.write(left + side / 2, top - 38, "answer")
    paper.write(MARGIN, top - 14, "truth", "lm")

    shares = mistake_shares(counts)
    paper.picture.paste(Image.fromarray(_cells(shares, cell)), (left, top))

    for row, label in labels.items():
        paper.write(left - 10, top + (row + 0.5) * cell, label, "rm", letters=letters)
    widest = width_of(str(number - 1), letters)
    for each in range(0, number, math.ceil((widest + 6) / cell)):
        paper.write(left + (each + 0.5) * cell, top - 14, str(each), letters=letters)
    if cell >= WITH_NUMBERS:
        for row, column in np.argwhere(counts):
            x, y = left + column * cell, top + row * cell
            ink = PAPER if shares[row, column] > 0.5 else INK
            words = _count(int(counts[row, column]), cell)
            paper.write(x + cell / 2 - 1, y + cell / 2 - 1, words, ink=ink)
    for line, (row, column, count) in enumerate(listed):
        words = f"{count:,} times: {names[row]}, taken for {names[column]}"
        y = top + side + 16 + (line + 0.5) * LINE
        paper.write(left, y, fitted(words, side), "lm")
    return paper.picture


def _label(number: int, names: Sequence[str], letters: int) -> str:
    name = names[number]
    return fitted(name if name == str(number) else f"{number} {name}", WIDEST_LABEL, letters)


def _count(count: int, cell: int) -> str:
    """Return a count, in thousands if it is too wide for its cell otherwise."""
    words = f"{count:,}"
    return words if width_of(words) <= cell - GAP else f"{count / 1000:.0f}k"


def _cells(shares: NDArray[np.float64], cell: int) -> NDArray[np.uint8]:
    """Return the table's colours, (height, width, 3)."""
    few, many = np.array(FEW), np.array(MANY)
    shades = np.rint(few + (many - few) * shares[..., None]).astype(np.uint8)
    np.einsum("iij->ij", shades)[:] = RIGHT
    cells: NDArray[np.uint8] = shades.repeat(cell, axis=0).repeat(cell, axis=1)
    if cell >= WITH_GAPS:
        gap = GAP if cell >= WITH_NUMBERS else 1
        edges = np.arange(len(cells)) % cell >= cell - gap
        cells[edges] = cells[:, edges] = 255
    return cells
