"""The runs of a sweep that failed, as a table: which, why, and where their logs are."""

from collections.abc import Sequence
from typing import NamedTuple

from rich import box
from rich.table import Table
from rich.text import Text

from sweep.display.console import console


class Failure(NamedTuple):
    """A run that failed; the log is nothing if its launcher does not tell where it is."""

    run: str
    reason: str
    log: str


def show_failures(failures: Sequence[Failure]) -> None:
    """Print a table of the runs that failed; nothing is cut off."""
    table = Table(title=Text("Failed"), title_justify="left", title_style="bold")
    table.box = box.SIMPLE_HEAD
    for name in Failure._fields:
        table.add_column(name, overflow="fold")
    for failure in failures:
        table.add_row(*(Text(cell) for cell in failure))
    console().print(table)
