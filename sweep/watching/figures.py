"""The report's figures, drawn again when a run has ended: each a picture of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from sweep.digests import short_digest
from sweep.reporting.palette import DARK, LIGHT, PAGE, variables
from sweep.reporting.sections import look_of, sections
from sweep.reporting.svg import page_svg
from sweep.results.results import results_of
from sweep.results.runs import runs_of_table
from sweep.watching.doing import is_over
from sweep.watching.snapshot import Snapshot

FONTS = 'system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif'


@dataclass(frozen=True)
class Picture:
    """A figure: an SVG, and what it shows for those who cannot see it."""

    svg: str
    label: str


@dataclass(frozen=True)
class Part:
    """A part of the report: a title, a text, and pictures."""

    title: str
    text: str
    pictures: tuple[Picture, ...]


@dataclass(frozen=True)
class Drawn:
    """All figures, of one moment.

    Attributes:
        key: of what they show: while it is the same, they are.
        parts: with their pictures.
    """

    key: str
    parts: Sequence[Part]

    @property
    def version(self) -> str:
        """A short text that is another one when they are others."""
        return short_digest(self.key)

    @property
    def pictures(self) -> list[Picture]:
        """All pictures, in their order: by their places here they are asked for."""
        return [each for part in self.parts for each in part.pictures]


def key_of(snapshot: Snapshot) -> str:
    """Return what changes when a run of a sweep has ended, and at no other time."""
    ended = _ended(snapshot)
    if ended.empty:
        return ""
    pairs = zip(ended["run_id"], ended["status"], strict=True)
    return " ".join(sorted(f"{run}:{how}" for run, how in pairs))


def _ended(snapshot: Snapshot) -> pd.DataFrame:
    """Return the runs that are over: what is paused is not, as long as the sweep goes on."""
    table = snapshot.table
    goes_on = ["RUNNING"] if is_over(snapshot) else ["RUNNING", "PAUSED"]
    return table if table.empty else table[~table["status"].isin(goes_on)].dropna(axis=1, how="all")


def drawn(snapshot: Snapshot, before: Drawn | None) -> Drawn:
    """Return the figures of what has come out so far; those from before if nothing has since.

    Raises:
        UserError: the record cannot be read any more.
    """
    key = key_of(snapshot)
    if before and before.key == key:
        return before
    ended, about = _ended(snapshot), snapshot.about
    if ended.empty or not (ended["status"] == "FINISHED").any():
        return Drawn(key, ())
    # Without those that train: a cross in a figure is a run that has come to no good end.
    runs = runs_of_table(ended, snapshot.uri, about.experiment, about.run_id)
    results = results_of(runs, runs.usual_metric)
    look, number, parts = look_of(results, PAGE), 0, []
    for section in sections(results):
        pictures = []
        for each in section.illustrations:
            number += 1
            svg = page_svg(each.draw, look, f"f{number}")
            pictures.append(Picture(_alone(svg), each.label))
        if pictures:
            parts.append(Part(section.title, section.text, tuple(pictures)))
    return Drawn(key, parts)


def _alone(svg: str) -> str:
    """Return a figure of a page as a picture of its own, with the page's colours and letters."""
    head, end, rest = svg.partition(">")
    light, dark = (
        " ".join(f"{name}: {colour};" for name, colour in variables(each).items())
        for each in (LIGHT, DARK)
    )
    style = (
        f"svg {{ {light} font-family: {FONTS}; stroke-linejoin: round; }} "
        f"@media (prefers-color-scheme: dark) {{ svg {{ {dark} }} }}"
    )
    return f"{head}{end}<style>{style}</style>{rest}"
