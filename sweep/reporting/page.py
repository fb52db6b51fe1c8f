"""A report as one HTML page: what stands in it, put into the template."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd
from jinja2 import Environment, FileSystemLoader

from sweep import __version__
from sweep.reporting.matrices import Matrices, matrices
from sweep.reporting.palette import DARK, LIGHT, PAGE, variables
from sweep.reporting.sections import look_of, sections
from sweep.reporting.svg import page_svg
from sweep.reporting.tables import Table, TableRow, table_of_configurations, table_of_runs
from sweep.reporting.two_runs import SideBySide, best_two, side_by_side
from sweep.results.results import Results
from sweep.results.runs import DATASET

MOST_NAMES = 3  # of runs with the same failure
TEMPLATES = Path(__file__).with_name("templates")


@dataclass(frozen=True)
class Failure:
    """Runs without a rank, of the same status and reason: the first, and how many more."""

    status: str
    count: int
    reason: str
    runs: tuple[TableRow, ...]
    more: int


@dataclass(frozen=True)
class PageFigure:
    """A figure, and what it shows, for those who cannot see it."""

    svg: str
    label: str


@dataclass(frozen=True)
class PageSection:
    """A part of the page, by its name."""

    name: str
    title: str
    text: str
    figures: tuple[PageFigure, ...]


def render(results: Results, now: datetime) -> str:
    """Return the page, in the colours of both themes.

    Args:
        results: to report.
        now: the time of the report.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    what = "All runs of an experiment" if results.sweep_id is None else "Sweep"
    table, configurations = table_of_runs(results), table_of_configurations(results)
    page = {
        "title": results.name or f"experiment {results.experiment}",
        "subtitle": f"{what}, ranked by {results.metric}",
        "facts": _facts(results, table),
        "configurations": configurations,
        "table": table,
        "failures": _failures(results, table),
        "sections": _sections(results),
        "two_runs": _two_runs(results, table),
        "matrices": _matrices(results, table),
        "light": variables(LIGHT),
        "dark": variables(DARK),
        "made": f"Written by gluon-sweep {__version__}, {_minute(pd.Timestamp(now))}.",
    }
    return environment.get_template("report.html").render(page=page)


def _two_runs(results: Results, table: Table) -> SideBySide | None:
    ids = list(results.runs["run_id"])
    one, other = (ids.index(run_id) for run_id in best_two(results) or (ids[-1], ids[-1]))
    has_rows = one < other < len(table.rows)
    return side_by_side(table, one, other) if has_rows else None


def _matrices(results: Results, table: Table) -> Matrices | None:
    rows = zip(results.runs["run_id"], table.rows, strict=False)
    return matrices(results.confusions, {run_id: row.about for run_id, row in rows})


def _facts(results: Results, table: Table) -> list[tuple[str, str]]:
    runs = results.runs
    ends = runs["start_time"] + pd.to_timedelta(runs["duration_seconds"], unit="s")
    statuses = [f"{number:,} {name}" for name, number in runs["status"].value_counts().items()]
    counts = statuses[0] if len(statuses) == 1 else f"{len(runs):,} ({', '.join(statuses)})"
    facts = [
        ("runs", counts),
        ("dataset", ", ".join(sorted(map(str, runs[DATASET].dropna().unique())))),
        ("first run began", _minute(runs["start_time"].min())),
        ("last run ended", _minute(ends.max())),
        ("experiment", results.experiment),
        ("sweep's run id", results.sweep_id or ""),
    ]
    if len(results.ranked):
        facts.insert(0, ("best run", table.rows[0].about))
    return [(name, value) for name, value in facts if value]


def _failures(results: Results, table: Table) -> list[Failure]:
    """Return why runs have no rank, the most frequent reason first."""
    others = results.others
    reasons = others["failure_reason"].fillna("no reason is recorded")
    failures, most = [], len(table.rows)
    for (status, reason), runs in others.groupby([others["status"], reasons]):
        some = tuple(table.rows[number] for number in runs.index[:MOST_NAMES] if number < most)
        failures.append(Failure(str(status), len(runs), str(reason), some, len(runs) - len(some)))
    return sorted(failures, key=lambda failure: -failure.count)


def _sections(results: Results) -> list[PageSection]:
    looks = look_of(results, PAGE)
    parts: list[PageSection] = []
    number = 0
    for section in sections(results):
        figures = []
        for each in section.illustrations:
            number += 1
            svg = page_svg(each.draw, looks, f"f{number}")
            figures.append(PageFigure(svg, each.label))
        text = f"{section.text} {section.hint}".strip()
        parts.append(PageSection(section.name, section.title, text, tuple(figures)))
    return parts


def _minute(when: pd.Timestamp) -> str:
    return f"{when:%Y-%m-%d %H:%M} UTC" if pd.notna(when) else ""
