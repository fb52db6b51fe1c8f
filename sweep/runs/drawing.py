"""The figures of one run, drawn: what sweep/runs/figures.py says.

Curves by matplotlib. The others by Pillow: with their many words they take it a fifth of the time,
and a fast sweep has a run every half second.
"""

import functools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from sweep.plotting.style import BLUE, GREEN, UNDATED, VERMILION, WORDS, font_manager

# isort: split
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sweep.runs.figures import Curve, Mistake, value_range

DPI = 100
LOOKS = {"train": (BLUE, "o"), "val": (VERMILION, "s"), "test": (GREEN, "D")}
INK, PALE, GREY, PAPER = "#333333", "#cccccc", "#ebebeb", "#ffffff"
FEW, MANY = (242, 247, 252), (8, 48, 107)  # a mistake's colour, red, green and blue
EPOCHS_WITH_MARKERS = 30
TITLE_LETTERS = 115
CELL, TITLE_HEIGHT = 54, 36  # of pictures, in pixels
IN_A_ROW, ENLARGED, GAP, WORDS_HEIGHT = 6, 4, 34, 54  # mistakes


def draw_curves(metrics: Mapping[str, Sequence[Curve]], kept: int, title: str) -> Figure:
    """Draw curves, one metric beside the other.

    Args:
        metrics: the curves of each.
        kept: the epoch whose parameters are kept.
        title: above them all.
    """
    figure = Figure(figsize=(9, 3.6), dpi=DPI)
    if len(title) > TITLE_LETTERS:
        title = f"{title[: TITLE_LETTERS - 1]}…"
    figure.text(0.012, 0.945, title, fontsize=10, va="center", color=INK, parse_math=False)
    width = 1 / len(metrics)
    for column, (metric, curves) in enumerate(metrics.items()):
        axes = figure.add_axes((column * width + 0.075, 0.14, width - 0.09, 0.73))
        epochs = max(max(curve.points) for curve in curves)
        axes.axvline(kept, color=PALE, linestyle="--", label=f"epoch {kept}, kept")
        for curve in curves:
            color, marker = LOOKS[curve.part]
            marked = epochs <= EPOCHS_WITH_MARKERS or len(curve.points) == 1
            axes.plot(
                list(curve.points),
                list(curve.points.values()),
                color=color,
                marker=marker if marked else "",
                markersize=4,
                label=curve.part,
            )
        low, high = value_range(curves)
        margin = 0.06 * (high - low) or 0.01
        axes.set_ylim(low - margin, high + margin)
        margin = max(0.3, 0.03 * epochs)
        axes.set_xlim(1 - margin, epochs + margin)
        axes.xaxis.set_major_locator(MaxNLocator(10, integer=True, min_n_ticks=1))
        axes.set_xlabel("epoch")
        axes.set_ylabel(metric)
        axes.grid(color=PALE, linewidth=0.4)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(fontsize=8, frameon=False)
    return figure


def write(figure: Figure, file: Path) -> None:
    """Write a figure in the format of the file's suffix; the same figure makes the same file."""
    metadata = UNDATED if file.suffix == ".svg" else None
    # Words are smaller, and faster, than the outlines of letters.
    with rc_context({**WORDS, "svg.hashsalt": file.name}):
        figure.savefig(file, metadata=metadata)


def draw_confusion(counts: NDArray[np.int64], names: Sequence[str]) -> Image.Image:
    """Draw a table of truths and answers; the more often a mistake, the darker.

    Args:
        counts: (classes, classes), a row for each truth.
        names: of the classes.
    """
    number = len(names)
    labels = [name if name == str(each) else f"{each} {name}" for each, name in enumerate(names)]
    left = 40 + max(round(_font().getlength(label)) for label in labels)
    top = TITLE_HEIGHT + 50
    picture, pen = _paper(left + number * CELL + 16, top + number * CELL + 16)
    total, wrong = counts.sum(), counts.sum() - counts.trace()
    _write(pen, 14, TITLE_HEIGHT / 2, f"Test images: {wrong:,} of {total:,} wrong", "lm")
    _write(pen, left + number * CELL / 2, top - 38, "answer")
    _write(pen, 14, top - 14, "truth", "lm")
    most = max(int((counts - np.diag(counts.diagonal())).max()), 1)
    for row in range(number):
        _write(pen, left - 10, top + (row + 0.5) * CELL, labels[row], "rm")
        _write(pen, left + (row + 0.5) * CELL, top - 14, str(row))
        for column in range(number):
            x, y, count = left + column * CELL, top + row * CELL, int(counts[row, column])
            share = 0 if row == column else count / most
            shade = tuple(round(a + (b - a) * share) for a, b in zip(FEW, MANY, strict=True))
            corners = (x, y, x + CELL - 2, y + CELL - 2)
            pen.rectangle(corners, fill=GREY if row == column else shade)
            if count:
                ink = PAPER if share > 0.5 else INK
                _write(pen, x + CELL / 2 - 1, y + CELL / 2 - 1, f"{count:,}", ink=ink)
    return picture


def draw_mistakes(
    mistakes: Sequence[Mistake], images: NDArray[np.float32], names: Sequence[str]
) -> Image.Image:
    """Draw the images of mistakes, each with truth, answer and confidence.

    Args:
        mistakes: in the order to draw them in.
        images: (all, channels, height, width) float32, 0 (black) to 1; by the mistakes' numbers.
        names: of the classes.
    """
    height, width = (side * ENLARGED for side in images.shape[-2:])
    rows, wide, high = math.ceil(len(mistakes) / IN_A_ROW), width + GAP, height + WORDS_HEIGHT
    picture, pen = _paper(GAP // 2 + IN_A_ROW * wide, TITLE_HEIGHT + rows * high + GAP // 2)
    title = "Test images that it gets most wrong: what each is, what it is taken for, how surely"
    _write(pen, 14, TITLE_HEIGHT / 2, title if mistakes else "No test image is wrong", "lm")
    for place, each in enumerate(mistakes):
        row, column = divmod(place, IN_A_ROW)
        x, y = GAP // 2 + GAP // 4 + column * wide, TITLE_HEIGHT + row * high
        small = _picture(images[each.number])
        picture.paste(small.resize((width, height), Image.Resampling.NEAREST), (x, y))
        words = f"no. {each.number}: {names[each.truth]}"
        _write(pen, x + width / 2, y + height + 11, words)
        words = f"{names[each.answer]}? {each.confidence:.0%}"
        _write(pen, x + width / 2, y + height + 28, words, ink=LOOKS["val"][0])
    return picture


def _picture(image: NDArray[np.float32]) -> Image.Image:
    """Return an image, (channels, height, width), in colour if it has three channels."""
    values = np.rint(image * 255).astype(np.uint8)
    return Image.fromarray(values.transpose(1, 2, 0) if len(values) == 3 else values[0])


def _paper(width: int, height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    picture = Image.new("RGB", (width, height), PAPER)
    return picture, ImageDraw.Draw(picture)


def _write(
    pen: ImageDraw.ImageDraw, x: float, y: float, words: str, anchor: str = "mm", ink: str = INK
) -> None:
    pen.text((x, y), words, fill=ink, font=_font(), anchor=anchor)


@functools.cache
def _font() -> ImageFont.FreeTypeFont:
    """Return the font that comes with matplotlib, so that all figures look alike."""
    return ImageFont.truetype(font_manager.findfont("DejaVu Sans"), 13)
