"""What is in a bundle of somebody's own, and how runs of it came out again."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from rich import box
from rich.table import Table
from rich.text import Text

from sweep.display.console import console, count, show_lines

DIGITS = 16  # of a digest


class CameOut(Protocol):
    """A run that was trained again."""

    @property
    def name(self) -> str:
        """MLflow's, where it was trained first."""

    @property
    def recorded(self) -> float:
        """By which it was ranked."""

    @property
    def score(self) -> float | None:
        """By which it would be ranked now."""

    @property
    def result(self) -> str:
        """``identical``, or what is not."""

    @property
    def is_equal(self) -> bool:
        """Whether it is identical."""


def show_own_files(files: Sequence[tuple[str, int, str]], title: str) -> None:
    """Print users' files: the name, the bytes and the SHA-256 of each."""
    table = _table(title)
    table.add_column("file", overflow="fold")
    table.add_column("bytes", justify="right")
    table.add_column("SHA-256")
    for name, size, digest in files:
        table.add_row(Text(name), f"{size:,}", digest[:DIGITS])
    console().print(table)


def show_verified(
    runs: Sequence[CameOut], metric: str, differences: Mapping[str, float], stands: bool
) -> None:
    """Print how each run came out, by how much metrics differ, and whether the ranking stands."""
    table = _table("Trained again")
    table.add_column("run", overflow="fold")
    for name in (f"{metric}: bundle", "here"):
        table.add_column(name, justify="right")
    table.add_column("curves", overflow="fold")
    for each in runs:
        now = "none" if each.score is None else repr(each.score)
        table.add_row(Text(each.name), repr(each.recorded), now, Text(each.result))
    console().print(table)
    for name, gap in sorted(differences.items()):
        show_lines(f"Largest difference of {name}: {gap:.1e}")
    equal = sum(each.is_equal for each in runs)
    show_lines(f"{equal:,} of {count(len(runs), 'run')} identical to the last bit")
    if equal < len(runs):
        show_lines(f"The ranking by {metric} {'stands' if stands else 'does not stand'}")


def _table(title: str) -> Table:
    table = Table(title=Text(title), title_justify="left", title_style="bold")
    table.box = box.SIMPLE_HEAD
    return table
