"""A report as one HTML page: what stands in it, put into the template."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd
from jinja2 import Environment, FileSystemLoader

from sweep import __version__
from sweep.config.metrics import CPU_SECONDS, PEAK_MEMORY
from sweep.reporting.palette import DARK, LIGHT, PAGE, variables
from sweep.reporting.sections import look_of, sections
from sweep.reporting.svg import page_svg
from sweep.results.cells import ranked_cells, tested, ties_in_words
from sweep.results.results import Results
from sweep.results.runs import DATASET
from sweep.results.values import measured_text, text

MOST_ROWS = 2000
MOST_NAMES = 3  # of runs with the same failure
TEMPLATES = Path(__file__).with_name("templates")
LATER = ("failure_reason", "start_time", "fingerprint")  # columns that the table does not need
DIGITS = {"epoch_seconds": ".2f", "images_per_second": ",.0f", "duration_seconds": ".1f"}
DIGITS |= {CPU_SECONDS: ".1f", PEAK_MEMORY: ",.0f"}


@dataclass(frozen=True)
class Cell:
    """A table's cell: what is written there, by what it is sorted."""

    text: str
    key: str
    is_number: bool


@dataclass(frozen=True)
class Column:
    """A table's column; ``sorted`` is ``ascending``, ``descending`` or nothing."""

    name: str
    is_number: bool
    sorted: str = ""


@dataclass(frozen=True)
class TableRow:
    """A run in the table.

    Attributes:
        number: by which figures name it, from 0.
        cells: one a column.
        about: which run it is, in a line.
    """

    number: int
    cells: tuple[Cell, ...]
    about: str


@dataclass(frozen=True)
class Table:
    """The leaderboard."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[TableRow, ...]


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
    """A part of the page."""

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
    table, configurations = _table(results), _configurations(results)
    page = {
        "title": results.name or f"experiment {results.experiment}",
        "subtitle": f"{what}, ranked by {results.metric}",
        "facts": _facts(results, table),
        "configurations": configurations,
        "table": table,
        "failures": _failures(results, table),
        "sections": _sections(results),
        "light": variables(LIGHT),
        "dark": variables(DARK),
        "made": f"Written by gluon-sweep {__version__}, {_minute(pd.Timestamp(now))}.",
    }
    return environment.get_template("report.html").render(page=page)


def _facts(results: Results, table: Table) -> list[tuple[str, str]]:
    runs = results.runs
    ends = runs["start_time"] + pd.to_timedelta(runs["duration_seconds"], unit="s")
    statuses = [f"{number} {name}" for name, number in runs["status"].value_counts().items()]
    counts = statuses[0] if len(statuses) == 1 else f"{len(runs)} ({', '.join(statuses)})"
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


def _table(results: Results) -> Table:
    runs = results.runs.drop(columns=list(LATER)).head(MOST_ROWS)
    if runs[DATASET].nunique() < 2:
        runs = runs.drop(columns=DATASET)
    if runs["status"].nunique() < 2:
        runs = runs.drop(columns="status")
    parameters = [name for name in results.runs.attrs["parameters"] if name in runs]
    metrics = list(dict.fromkeys((results.metric, *results.metrics)))
    first = [name for name in ("rank", "status", *parameters, *metrics) if name in runs]
    runs = runs[[*first, *runs.columns.drop([*first, "run", "run_id"]), "run", "run_id"]]
    runs = runs.dropna(axis=1, how="all")
    numeric = {name: pd.api.types.is_numeric_dtype(runs[name]) for name in runs}
    columns = [
        Column(str(name), numeric[name], "ascending" if name == "rank" else "") for name in runs
    ]
    measured = dict.fromkeys((results.metric, tested(results.metric), "test/accuracy"))
    told = [name for name in (*results.parameters, *measured) if name in runs]
    rows = []
    for number, values in enumerate(runs.to_dict("records")):
        cells = tuple(_cell(str(name), value, numeric[name]) for name, value in values.items())
        known = [f"{name} {_shown(name, values[name])}" for name in told if pd.notna(values[name])]
        rows.append(TableRow(number, cells, ", ".join(known) or str(values["run"])))
    caption = "Click a column's head to sort by it."
    if len(results.runs) > MOST_ROWS:
        caption += (
            f" {MOST_ROWS} of {len(results.runs)} runs; all of them: "
            "python -m sweep.leaderboard --output runs.csv"
        )
    return Table(caption, tuple(columns), tuple(rows))


def _configurations(results: Results) -> Table | None:
    """Return the leaderboard whose rows are configurations; None if none has several seeds."""
    found = results.configurations
    ranked = found[found["rank"].notna()].head(MOST_ROWS)
    if ranked.empty or (ranked["seeds"] <= 1).all():
        return None
    texts = ranked_cells(ranked, results.metric)
    if ranked[DATASET].nunique() < 2:
        del texts[DATASET]
    columns = [
        Column(name, pd.api.types.is_numeric_dtype(ranked[name]), "ascending" * (name == "rank"))
        for name in texts
    ]
    rows = [
        TableRow(
            number,
            tuple(
                Cell(texts[each.name][number], _key(row[each.name]), each.is_number)
                for each in columns
            ),
            "",
        )
        for number, (_, row) in enumerate(ranked.iterrows())
    ]
    caption = "Runs that differ only in their seed are one row: mean ± standard deviation."
    if ranked["tied"].any():
        caption += f" {ties_in_words(ranked)}."
    return Table(caption, tuple(columns), tuple(rows))


def _key(value: object) -> str:
    return "" if pd.isna(value) else str(value)  # type: ignore[call-overload]


def _cell(name: str, value: object, is_number: bool) -> Cell:
    if pd.isna(value):  # type: ignore[call-overload]
        return Cell("", "", is_number)
    return Cell(_shown(name, value), _key(value), is_number)


def _shown(name: str, value: object) -> str:
    """Return a value as it is written in the table: four decimals of a loss or an accuracy."""
    if name in DIGITS:
        return format(value, DIGITS[name])
    return measured_text(value, ".4f") if "/" in name and isinstance(value, float) else text(value)


def _failures(results: Results, table: Table) -> list[Failure]:
    """Return why runs have no rank, the most frequent reason first."""
    others = results.others
    reasons = others["failure_reason"].fillna("no reason is recorded")
    failures = []
    for (status, reason), runs in others.groupby([others["status"], reasons]):
        some = tuple(table.rows[number] for number in runs.index[:MOST_NAMES] if number < MOST_ROWS)
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
        parts.append(PageSection(section.title, section.text, tuple(figures)))
    return parts


def _minute(when: pd.Timestamp) -> str:
    return f"{when:%Y-%m-%d %H:%M} UTC" if pd.notna(when) else ""
