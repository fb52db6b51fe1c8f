"""Tables in files: what pandas reads of one, and whether its first line names the columns."""

import csv
import warnings
from pathlib import Path
from typing import Any, NamedTuple

from sweep.errors import UserError

ENCODING = "utf-8-sig"  # which reads what has no mark at its beginning, too
# What pandas takes for a missing value, and the sign that older tables have for it.
MISSING = frozenset(
    ["#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN"]
    + ["<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null", "?"]
)
LEAST_COUNTED = 5  # columns: 0, 1, 2, 3, 4 is hardly ever a label with its features


class Table(NamedTuple):
    """What is in a file.

    Attributes:
        path: of the file.
        names: in its first line, in the order of the file; none if that is a row.
        rows: a frame of pandas'.
    """

    path: Path
    names: list[str]
    rows: Any

    @property
    def columns(self) -> list[str]:
        """What pandas calls the columns, no two of them the same."""
        return [str(name) for name in self.rows.columns]

    @property
    def first_line(self) -> int:
        """The number of the first line with values."""
        return 2 if self.names else 1


def read_table(path: Path, rows: int | None = None) -> Table:
    """Return a table, or so many rows of it.

    Raises:
        UserError: it is none that can be read.
    """
    import pandas as pd

    try:
        names = _names(path)
        header: Any = 0 if names else None
        with warnings.catch_warnings():  # of columns without a name, which would be left out
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(
                path,
                header=header,
                index_col=False,
                skipinitialspace=True,
                nrows=rows,
                encoding=ENCODING,
                low_memory=False,
            )
    except (ValueError, csv.Error) as error:  # pandas' own are ValueErrors, too
        raise UserError(f"{path}: cannot be read as a table: {error}") from error
    except pd.errors.ParserWarning as error:
        raise UserError(
            f"{path}: has rows of more columns than the first line has names; allowed is a name "
            "for each column"
        ) from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    return Table(path, names, frame)


def check_named(table: Table, label: int) -> None:
    """Check that the columns have names, if some do; but for the label, which has its position.

    Raises:
        UserError: one has none, as that in which pandas numbers the rows.
    """
    for place, name in enumerate(table.names):
        if not name and place != label:
            numbered = ", or write the table with index=False" if place == 0 else ""
            raise UserError(
                f"{table.path}: column {place} has no name (pandas calls it Unnamed: {place}); "
                f"allowed is a name for each column: name it{numbered}"
            )


def in_order_of(first: Table, first_label: int, table: Table, label: int) -> Table:
    """Return a table whose columns are in the order of another's, if both have names.

    Args:
        first: whose order counts.
        first_label: the position of its labels.
        table: to be put in order.
        label: the position of its labels, unless they have the same name.

    Raises:
        UserError: one of them has a column that the other has not.
    """
    wanted, given = [*first.columns], [*table.columns]
    if not (first.names and table.names) or wanted == given:
        return table
    named = wanted.pop(first_label)
    labels = given.pop(given.index(named) if named in given else label)
    differ = [
        *(f"no column {each}, which {first.path} has" for each in wanted if each not in given),
        *(f"a column {each}, which {first.path} has not" for each in given if each not in wanted),
    ]
    if differ:
        raise UserError(
            f"{table.path}: has {differ[0]}; allowed are the same columns, in any order"
        )
    wanted.insert(first_label, labels)
    return table._replace(rows=table.rows[wanted])


def _names(path: Path) -> list[str]:
    """Return the names in a table's first line; none if that is a row."""
    with open(path, encoding=ENCODING, newline="") as stream:
        lines = csv.reader(stream, skipinitialspace=True)
        first = next((line for line in lines if len(line) > 1 or "".join(line).strip()), [])
    return first if _are_counted(first) or not _is_row(first) else []


def _are_counted(fields: list[str]) -> bool:
    """Return whether fields are what pandas calls columns without names: 0, 1, 2 and so on.

    Of a few columns that may be a row as well.
    """
    has_index = fields[:1] == [""]  # which has no name at all
    names = fields[1:] if has_index else fields
    are_enough = has_index or len(names) >= LEAST_COUNTED
    return are_enough and names == [str(each) for each in range(len(names))]


def _is_row(fields: list[str]) -> bool:
    """Return whether fields are numbers, of which some may be missing."""
    given = [each.strip() for each in fields if each.strip()]
    words = [each for each in given if not _is_number(each)]
    return not words or (len(words) < len(given) and MISSING.issuperset(words))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
