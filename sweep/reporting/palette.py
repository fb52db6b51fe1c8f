"""The colours of figures: on white, on dark, and on a page that is either.

Categories have the colours of Okabe and Ito (https://jfly.uni-koeln.de/color/), numbers those of
viridis (https://bids.github.io/colormap/): both can be told apart by the colour-blind.
"""

import re
from dataclasses import dataclass

from sweep.plotting.style import BLUE, GREEN, ORANGE, PURPLE, SKY_BLUE, VERMILION

# isort: split
from matplotlib import colormaps
from matplotlib.colors import to_hex

STEPS = 32
NUMBERS = colormaps["viridis"]
MARK = re.compile("#fe00([0-9a-f]{2})")  # a colour of PAGE, by its number among all


@dataclass(frozen=True)
class Palette:
    """Colours, as ``#rrggbb``.

    Attributes:
        ink: of text and frames.
        muted: of what is less important.
        grid: of the lines behind everything.
        accent: of what has no colour of its own.
        failed: of runs that failed.
        categories: of names.
        steps: of numbers, from low to high.
    """

    ink: str
    muted: str
    grid: str
    accent: str
    failed: str
    categories: tuple[str, ...]
    steps: tuple[str, ...]

    def step(self, fraction: float) -> str:
        """Return the colour of a number that is so far along its axis, from 0 to 1."""
        return self.steps[round(fraction * (STEPS - 1))]

    def all(self) -> list[str]:
        """Return all colours, always in the same order."""
        named = [self.ink, self.muted, self.grid, self.accent, self.failed]
        return [*named, *self.categories, *self.steps]


def _steps(begin: float, end: float) -> tuple[str, ...]:
    return tuple(
        to_hex(NUMBERS(begin + (end - begin) * step / (STEPS - 1))) for step in range(STEPS)
    )


LIGHT = Palette(
    ink="#1f2328",
    muted="#59636e",
    grid="#dde2e7",
    accent=BLUE,
    failed=VERMILION,
    categories=(BLUE, ORANGE, GREEN, PURPLE, VERMILION, SKY_BLUE),
    steps=_steps(0.0, 0.85),
)
DARK = Palette(
    ink="#e6e9ec",
    muted="#9ba5af",
    grid="#363d45",
    accent=SKY_BLUE,
    failed="#ff8a3d",
    categories=("#3a9fdc", ORANGE, "#1fbf92", "#dd92bb", "#ff8a3d", "#a6d8f5"),
    steps=_steps(0.25, 1.0),
)
_MARKS = [f"#fe00{number:02x}" for number in range(len(LIGHT.all()))]
# Colours that no figure has otherwise: each stands for a variable of the page.
PAGE = Palette(
    ink=_MARKS[0],
    muted=_MARKS[1],
    grid=_MARKS[2],
    accent=_MARKS[3],
    failed=_MARKS[4],
    categories=tuple(_MARKS[5:-STEPS]),
    steps=tuple(_MARKS[-STEPS:]),
)


def variables(palette: Palette) -> dict[str, str]:
    """Return the page's variables with the colours that a palette gives them."""
    return {f"--c{number}": colour for number, colour in enumerate(palette.all())}


def as_variables(svg: str) -> str:
    """Replace the colours of ``PAGE`` in a picture by the page's variables."""
    return MARK.sub(lambda match: f"var(--c{int(match[1], 16)})", svg)
