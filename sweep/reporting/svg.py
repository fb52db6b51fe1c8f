"""Figures as SVG for a page, and as files."""

import io
import re
from collections.abc import Callable
from operator import methodcaller
from pathlib import Path
from typing import Any

from sweep.plotting.style import OUTLINES, UNDATED, WORDS

# isort: split
import matplotlib
from matplotlib.figure import Figure

from sweep.files import write_whole
from sweep.reporting.drawing import Look
from sweep.reporting.palette import as_variables

DOTS_PER_INCH = 150  # of PNG files
STYLE: dict[Any, Any] = {
    "axes.linewidth": 0.8,
    "axes.titlesize": 9,
    "font.size": 9,
    "text.parse_math": False,  # a run's name may have a dollar in it
    "svg.hashsalt": "sweep",  # the same figure, the same file
}


def page_svg(draw: Callable[[Look], Figure], look: Look, name: str) -> str:
    """Return a figure as SVG to be put into a page.

    Args:
        draw: draws it.
        look: with the palette ``PAGE``.
        name: which no other figure of the page has.
    """
    stream = io.StringIO()
    with matplotlib.rc_context({**STYLE, **WORDS}):
        draw(look).savefig(stream, format="svg", transparent=True, metadata=UNDATED)
    svg = stream.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<(metadata|style)\b.*?</\1>", "", svg, flags=re.DOTALL)
    svg = re.sub(r">\s+<", "><", svg)
    classes: dict[str, str] = {}
    svg = re.sub(r"<\w[^>]*>", lambda tag: _tag(tag[0], name, classes), svg)
    rules = " ".join(f".{known}{{{style}}}" for style, known in classes.items())
    return f"{svg.strip().removesuffix('</svg>')}<style>{as_variables(rules)}</style></svg>"


def _tag(tag: str, name: str, classes: dict[str, str]) -> str:
    """Return a tag of a figure for a page: shorter, and with names that are the figure's own.

    Args:
        tag: with its attributes, in whose values matplotlib escapes all brackets and quotes.
        name: of the figure.
        classes: the styles that have a class already; a new one is added.
    """

    def shorter(attribute: re.Match[str]) -> str:  # to a hundredth of a point
        return re.sub(r"(\.\d\d)\d+", r"\1", attribute[0]).replace("\n", "")

    def named(attribute: re.Match[str]) -> str:
        style = re.sub(r" font-family: [^;]*;?", "", attribute[1])
        return f'class="{classes.setdefault(style, f"{name}-{len(classes)}")}"'

    tag = re.sub(r'\b(?:d|x|y)="[^"]*"', shorter, tag)
    tag = re.sub(r'\bstyle="([^"]*)"', named, tag)
    tag = re.sub(r'\bid="', f'id="{name}-', tag)
    tag = re.sub(r'(xlink:href="#|url\(#)(?!run-)', rf"\1{name}-", tag)
    return re.sub(r'^<a xlink:href="(.*)" target="_blank">', r'<a href="\1" tabindex="-1">', tag)


def write_files(draw: Callable[[Look], Figure], look: Look, name: str, folder: Path) -> list[Path]:
    """Write a figure as PNG and as SVG, on white; return the files."""
    name = re.sub(r"[^\w.-]+", "_", name)
    with matplotlib.rc_context({**STYLE, **OUTLINES}):
        figure = draw(look)
        picture, drawing = io.BytesIO(), io.BytesIO()
        figure.savefig(picture, format="png", facecolor="white", dpi=DOTS_PER_INCH)
        figure.savefig(drawing, format="svg", facecolor="white", metadata=UNDATED)
    files = {folder / f"{name}.png": picture, folder / f"{name}.svg": drawing}
    for file, stream in files.items():
        write_whole(file, methodcaller("write", stream.getvalue()))
    return list(files)
