"""The table of curves that were trained, for searches to be replayed on: see search_table.py.

A row has the values of a run, and for each epoch how many of the images that are held out were
answered right. Those of a run that diverged end before that epoch, which is in ``diverged_at``; a
row without any of these is not trained yet.
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

TABLE = Path(__file__).parent / "results" / "search-table.csv"
EPOCHS = 9
IMAGES = 30_000  # that are held out
CHANCE = 0.1  # the accuracy of a run from where it has diverged
NAMES = ("optim.lr", "optim.wd", "optim.momentum", "model.activation", "batch_size")
RIGHT = tuple(f"right_{epoch}" for epoch in range(1, EPOCHS + 1))
DIVERGED = "diverged_at"

Row = dict[str, str]


def is_trained(row: Mapping[str, str]) -> bool:
    """Return whether a row has its curve."""
    return bool(row.get(RIGHT[-1]) or row.get(DIVERGED))


def accuracies(row: Mapping[str, str]) -> list[float]:
    """Return the accuracy of a row that is trained, after each epoch."""
    return [int(row[name]) / IMAGES if row[name] else CHANCE for name in RIGHT]


def read(table: Path) -> list[Row]:
    """Return the rows of a table."""
    with table.open(newline="") as file:
        return list(csv.DictReader(file))


def write(rows: Sequence[Row], table: Path) -> None:
    """Write a table, whole or not at all."""
    table.parent.mkdir(parents=True, exist_ok=True)
    temporary = table.with_name(table.name + ".tmp")
    with temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, (*NAMES, *RIGHT, DIVERGED), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    temporary.replace(table)


def folded(rows: Sequence[Row], others: Sequence[Row]) -> list[Row]:
    """Return the rows of one table, with the curves that only another has.

    Raises:
        SystemExit: the other has other configurations.
    """
    values, others_values = (
        [[row[name] for name in NAMES] for row in each] for each in (rows, others)
    )
    if values != others_values:
        raise SystemExit("These tables are of different configurations: nothing was changed.")
    return [
        other if is_trained(other) and not is_trained(row) else row
        for row, other in zip(rows, others, strict=True)
    ]
