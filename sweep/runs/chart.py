"""Charts of a few lines and words, as plain shapes; they are written as SVG, or drawn by Pillow.

Each run draws one or two. So they take a tenth of the time that matplotlib takes, and its import,
which takes as long as a short run, none. Places are in pixels, from the left and from the top.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from xml.sax.saxutils import escape

from PIL import Image, ImageDraw

from sweep.runs.paper import INK, LETTERS, PAPER, Paper

FINER = 3  # times, than the picture that is made of what Pillow draws, which knows no half pixels
FONTS = "DejaVu Sans, Verdana, sans-serif"
ANCHORS = {"l": "start", "m": "middle", "r": "end"}  # Pillow's letters, and SVG's words
BASE = 0.36  # of the letters' size: from the middle of words to the line they stand on

Point: TypeAlias = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """A line through points."""

    points: Sequence[Point]
    ink: str
    width: float = 1.0


@dataclass(frozen=True)
class Area:
    """What is between points."""

    points: Sequence[Point]
    ink: str


@dataclass(frozen=True)
class Words:
    """Words on one line.

    Attributes:
        x: of what the anchor says.
        y: of their middle.
        text: what they are.
        anchor: ``l``, ``m`` or ``r``: whether x is their left end, their middle or their right end.
        ink: their colour.
        letters: their size.
    """

    x: float
    y: float
    text: str
    anchor: str = "l"
    ink: str = INK
    letters: int = LETTERS


Shape: TypeAlias = Line | Area | Words


@dataclass(frozen=True)
class Chart:
    """Shapes on white paper, the first of them the lowest."""

    width: int
    height: int
    shapes: Sequence[Shape]

    def picture(self) -> Image.Image:
        """Return it as Pillow draws it."""
        fine = Image.new("RGB", (self.width * FINER, self.height * FINER), PAPER)
        pen = ImageDraw.Draw(fine)
        for each in self.shapes:
            match each:
                case Line():
                    width = max(1, round(each.width * FINER))
                    pen.line(_fine(each.points), fill=each.ink, width=width, joint="curve")
                case Area():
                    pen.polygon(_fine(each.points), fill=each.ink)
        paper = Paper(self.width, self.height, fine.reduce(FINER))
        for each in self.shapes:
            if isinstance(each, Words):
                anchor = f"{each.anchor}m"
                paper.write(each.x, each.y, each.text, anchor, each.ink, each.letters)
        return paper.picture

    def svg(self) -> str:
        """Return it as SVG, whose words stay words."""
        size = f'width="{self.width}" height="{self.height}"'
        box = f'viewBox="0 0 {self.width} {self.height}" font-family="{FONTS}"'
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box}>',
                f'<rect {size} fill="{PAPER}"/>',
                *map(_tag, self.shapes),
                "</svg>\n",
            ]
        )

    def write(self, file: Path) -> None:
        """Write it as PNG or SVG, as the file's suffix says; the same chart makes the same file."""
        if file.suffix == ".svg":
            file.write_text(self.svg(), encoding="utf-8")
        else:
            self.picture().save(file)


def _fine(points: Sequence[Point]) -> list[Point]:
    return [(x * FINER, y * FINER) for x, y in points]


def _tag(shape: Shape) -> str:
    match shape:
        case Line():
            look = f'fill="none" stroke="{shape.ink}" stroke-width="{shape.width:g}"'
            return f'<polyline points="{_points(shape.points)}" {look}/>'
        case Area():
            return f'<polygon points="{_points(shape.points)}" fill="{shape.ink}"/>'
        case Words():
            place = f'x="{_short(shape.x)}" y="{_short(shape.y + BASE * shape.letters)}"'
            look = f'text-anchor="{ANCHORS[shape.anchor]}" font-size="{shape.letters}"'
            text = "".join(each if each.isprintable() else " " for each in shape.text)
            return f'<text {place} {look} fill="{shape.ink}">{escape(text)}</text>'


def _points(points: Sequence[Point]) -> str:
    return " ".join(f"{_short(x)},{_short(y)}" for x, y in points)


def _short(place: float) -> str:
    """Return a place to a hundredth of a pixel."""
    return f"{place:.2f}".rstrip("0").rstrip(".")
