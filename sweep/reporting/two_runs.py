"""Two runs side by side: their curves in one figure, the fields that differ, what they measured."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from matplotlib.figure import Figure

from sweep.reporting.colouring import Colouring
from sweep.reporting.drawing import Look
from sweep.reporting.figures import curves_figure
from sweep.reporting.panels import curve_panels
from sweep.reporting.tables import Cell, Table, TableRow
from sweep.results.results import Results

NAMES = ("A", "B")
Pair = tuple[str, str]  # the ids of two runs


@dataclass(frozen=True)
class ComparedRow:
    """A field or a metric, with its value in one run and in the other."""

    name: str
    one: Cell
    other: Cell


@dataclass(frozen=True)
class SideBySide:
    """Two runs, and what is to be compared of them."""

    runs: tuple[TableRow, TableRow]
    rows: tuple[ComparedRow, ...]


def best_two(results: Results) -> Pair | None:
    """Return the ids of the best two runs that have curves; None if there are no two."""
    drawn = set(results.curves["run_id"])
    ids = [run_id for run_id in results.ranked["run_id"] if run_id in drawn]
    return (ids[0], ids[1]) if len(ids) > 1 else None


def side_by_side(table: Table, one: int, other: int) -> SideBySide:
    """Return what is to be compared of two rows of the table of runs.

    The page's script does the same, when others are chosen.
    """
    runs = table.rows[one], table.rows[other]
    return SideBySide(runs, tuple(_compared(table, *runs)))


def _compared(table: Table, one: TableRow, other: TableRow) -> Iterator[ComparedRow]:
    for column, left, right in zip(table.columns, one.cells, other.cells, strict=True):
        is_told = {"field": left.key != right.key, "measured": bool(left.key or right.key)}
        if is_told.get(column.kind, False):
            yield ComparedRow(column.name, left, right)


def two_runs_figure(results: Results, pair: Pair, look: Look) -> Figure:
    """Return the curves of two runs, with the axes that those of all runs have."""
    places = {run_id: float(place) for place, run_id in enumerate(pair)}
    panels = [
        replace(panel, lines=tuple(line for line in panel.lines if line.run_id in places))
        for panel in curve_panels(results)
    ]
    colouring = Colouring("run", NAMES, False, None, places)
    return curves_figure(panels, replace(look, colouring=colouring))
