"""Tables on the terminal, in the plainest layout that fits its width."""

import textwrap
from collections.abc import Collection, Iterator, Mapping, Sequence

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from sweep.display.console import console, show_lines
from sweep.errors import printable

Cells = Mapping[str, Sequence[str]]  # of each column, by the name above it
UNLIMITED = 10_000  # the width of a page that fits everything
GAP = "  "  # between columns


def show_table(
    title: str,
    cells: Cells,
    right: Collection[str] = (),
    movable: Collection[str] = (),
    below: Sequence[str] = (),
) -> None:
    """Print a table; where it is too wide, with the names above the columns in pieces.

    Where that is too wide as well, some of its columns are moved below their row.

    Args:
        title: above it.
        cells: texts without markup.
        right: the columns that are aligned at the right.
        movable: the columns that may be moved; not the first.
        below: what is written below each row in their place.
    """
    out = console()
    out.print(Text(title, "bold"), soft_wrap=True)
    for heads in ({name: name for name in cells}, {name: _in_pieces(name) for name in cells}):
        table = _table(cells, heads, right)
        if not movable or _fits(out, table):
            out.print(table)
            return
    show_lines("", *_with_words_below(cells, right, movable, below, out), "")


def _table(cells: Cells, heads: Mapping[str, str], right: Collection[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, len(GAP) - 1, 0, 0), pad_edge=False)
    for name in cells:
        table.add_column(
            _text(heads[name]),
            justify="right" if name in right else "left",
            vertical="bottom",
            overflow="fold",
        )
    for row in zip(*cells.values(), strict=True):
        table.add_row(*map(_text, row))
    return table


def _text(words: str) -> Text:
    return Text(printable(words))  # Text: brackets are no markup


def _fits(out: Console, table: Table) -> bool:
    anywhere = out.options.update(width=UNLIMITED)
    return Measurement.get(out, anywhere, table).maximum <= out.width


def _in_pieces(name: str) -> str:
    """Return ``early_stopping.patience`` in three lines."""
    for separator in "._/":
        name = name.replace(separator, f"{separator}\n")
    return name


def _with_words_below(
    cells: Cells,
    right: Collection[str],
    movable: Collection[str],
    below: Sequence[str],
    out: Console,
) -> Iterator[str]:
    """Yield the lines of the table without some columns, and what is in these below each row."""
    kept = {name: [name, *texts] for name, texts in cells.items() if name not in movable}
    aligned = [
        [text.rjust(widest) if name in right else text.ljust(widest) for text in texts]
        for name, texts in kept.items()
        for widest in [max(map(len, texts))]
    ]
    head, *rows = (GAP.join(row).rstrip() for row in zip(*aligned, strict=True))
    yield f" {head}"
    yield f" {('-' if out.options.ascii_only else '─') * max(map(len, (head, *rows)))}"
    indent = " " * (1 + len(aligned[0][0]) + len(GAP))
    for row, words in zip(rows, below, strict=True):
        yield f" {row}"
        yield from textwrap.wrap(
            words,
            out.width,
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,  # the terminal does it, and they can be copied whole
            break_on_hyphens=False,
        )
