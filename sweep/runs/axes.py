"""The axes of a chart: where values are in it, and what is written beside them."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sweep.runs.chart import Line, Point, Words

STEPS = (1, 2, 2.5, 5, 10)  # between ticks, times a power of ten
WHOLE_STEPS = (1, 2, 5, 10)
GRID, FRAME = "#e0e0e0", "#666666"
SMALL = 11  # letters of ticks
MOST_DECIMALS = 6


@dataclass(frozen=True)
class Scale:
    """Where values are along one axis.

    Attributes:
        low: the least value that is shown.
        high: the greatest.
        begin: where the least is, in pixels.
        end: where the greatest is.
    """

    low: float
    high: float
    begin: float
    end: float

    def place(self, value: float) -> float:
        """Return where a value is, in pixels."""
        share = (value - self.low) / (self.high - self.low)
        return self.begin + share * (self.end - self.begin)

    def ticks(self, at_most: int, steps: Sequence[float] = STEPS) -> list[tuple[float, str]]:
        """Return round values, not more than so many, and how they are written.

        Args:
            at_most: how many steps are between the least and the greatest.
            steps: that may be between two of them, times a power of ten.
        """
        least = (self.high - self.low) / at_most
        if steps is WHOLE_STEPS:
            least = max(least, 1.0)
        power = math.floor(math.log10(least))
        factor = next(each for each in steps if each * 10.0**power >= least * (1 - 1e-9))
        step = factor * 10.0**power
        decimals = max(0, (factor == 2.5) - power - (factor == 10))
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        values = [number * step for number in range(first, last + 1)]
        return [(value, _written(value, decimals)) for value in values]


def _written(value: float, decimals: int) -> str:
    if decimals > MOST_DECIMALS or abs(value) >= 10.0**MOST_DECIMALS:
        return f"{value:.4g}"
    return f"{value + 0.0:.{decimals}f}"


@dataclass(frozen=True)
class Panel:
    """One plot of a chart."""

    x: Scale
    y: Scale

    def place(self, x: float, y: float) -> Point:
        """Return where a point is."""
        return self.x.place(x), self.y.place(y)

    def frame(
        self, columns: Sequence[tuple[float, str]], rows: Sequence[tuple[float, str]]
    ) -> Iterator[Line | Words]:
        """Yield the axes and the grid.

        Args:
            columns: values along the lower axis, and how they are written.
            rows: the same of the one at the left.
        """
        (left, right), (bottom, top) = (self.x.begin, self.x.end), (self.y.begin, self.y.end)
        for value, text in columns:
            x = self.x.place(value)
            yield Line([(x, bottom), (x, top)], GRID, 0.6)
            yield Words(x, bottom + 12, text, "m", letters=SMALL)
        for value, text in rows:
            y = self.y.place(value)
            yield Line([(left, y), (right, y)], GRID, 0.6)
            yield Words(left - 6, y, text, "r", letters=SMALL)
        yield Line([(left, top), (left, bottom), (right, bottom)], FRAME, 0.8)

    def shows(self, point: Point) -> bool:
        """Return whether a place is inside, from the lowest value to the highest."""
        return self.y.end <= point[1] <= self.y.begin

    def inside(self, points: Sequence[Point]) -> Iterator[list[Point]]:
        """Yield the parts of a line that are inside, cut off where it leaves."""
        part: list[Point] = []
        for (x, y), (next_x, next_y) in pairwise(points):
            begin, end = self._shares(y, next_y)
            cut = [(x + share * (next_x - x), y + share * (next_y - y)) for share in (begin, end)]
            if part and (begin > 0 or begin > end):
                yield part
                part = []
            if begin <= end:
                part += cut[bool(part) :]
        if part:
            yield part

    def _shares(self, y: float, next_y: float) -> tuple[float, float]:
        """Return from which share of a stretch to which it is inside; the first is larger if none.

        Args:
            y: where it begins.
            next_y: where it ends.
        """
        if y == next_y:
            return (0.0, 1.0) if self.y.end <= y <= self.y.begin else (1.0, 0.0)
        one, other = ((edge - y) / (next_y - y) for edge in (self.y.begin, self.y.end))
        return max(0.0, min(one, other)), min(1.0, max(one, other))
