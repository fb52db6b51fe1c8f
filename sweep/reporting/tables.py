"""The tables of a report: the leaderboard, by run and by configuration."""

import shlex
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sweep.config.metrics import CPU_SECONDS, PEAK_MEMORY
from sweep.results.cells import ranked_cells, tested, ties_in_words
from sweep.results.results import Results
from sweep.results.runs import DATASET
from sweep.results.values import measured_text, numbers_beside_null, text

MOST_ROWS = 2000
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
    """A table's column.

    Attributes:
        name: above it.
        is_number: whether numbers stand in it.
        sorted: ``ascending``, ``descending`` or nothing.
        kind: ``field``, ``measured``, or nothing: what only says which run it is.
    """

    name: str
    is_number: bool
    sorted: str = ""
    kind: str = ""


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


def table_of_runs(results: Results) -> Table:
    """Return the leaderboard whose rows are runs."""
    runs = results.runs.drop(columns=list(LATER)).head(MOST_ROWS)
    if runs[DATASET].nunique() < 2:
        runs = runs.drop(columns=DATASET)
    if runs["status"].nunique() < 2:
        runs = runs.drop(columns="status")
    parameters = [name for name in results.runs.attrs["parameters"] if name in runs]
    runs = runs.assign(**{name: _with_numbers(runs[name]) for name in parameters})
    metrics = list(dict.fromkeys((results.metric, *results.metrics)))
    first = [name for name in ("rank", "status", *parameters, *metrics) if name in runs]
    runs = runs[[*first, *runs.columns.drop([*first, "run", "run_id"]), "run", "run_id"]]
    runs = runs.dropna(axis=1, how="all")
    fields = {DATASET, *parameters}
    numeric = {name: pd.api.types.is_numeric_dtype(runs[name]) for name in runs}
    columns = [
        Column(str(name), numeric[name], "ascending" if name == "rank" else "", _kind(name, fields))
        for name in map(str, runs)
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
            f" The best {MOST_ROWS:,} of {len(results.runs):,} runs are shown; where they are "
            f"recorded, all of them are written to a file by: {_command(results)}"
        )
    return Table(caption, tuple(columns), tuple(rows))


def table_of_configurations(results: Results) -> Table | None:
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


def _command(results: Results) -> str:
    """Return the command that writes all runs into a file, ranked as they are here.

    It names no record: the page is passed on, and an address may tell who has it, and where.
    """
    which = ["--experiment", results.experiment]
    if results.sweep_id is not None:
        which = ["--sweep", results.sweep_id]
    ranked = ["--metric", results.metric, "--direction", results.direction]
    return shlex.join(
        ["sweep", "leaderboard", *which, *ranked, "--by-seed", "--output", "runs.csv"]
    )


def _with_numbers(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return a column with its numbers beside ``null`` as numbers, which are rounded as others."""
    numbers = numbers_beside_null(column)
    return column.map(lambda each: numbers.get(each, each)) if numbers else column


def _kind(name: str, fields: Collection[str]) -> str:
    return "field" if name in fields else "" if name in ("run", "run_id") else "measured"


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
