"""Combinations in a file: ``sweep.from=FILE.csv``, a run a row, whose columns are fields."""

import csv
import functools
from collections.abc import Collection

from hydra.core.override_parser.types import ValueType
from hydra.errors import HydraException

from sweep.config.explain import no_field
from sweep.config.ranges import parse_overrides
from sweep.config.zips import Row
from sweep.errors import UserError
from sweep.files import as_meant

MOST_CELLS = 10_000  # whose check is remembered
ALLOWED = "allowed is a CSV file whose first row has the names of fields"


def read_rows(file: str, known: Collection[str]) -> list[Row]:
    """Return the overrides of each row.

    Args:
        file: comma-separated, in UTF-8.
        known: names of fields and groups that columns can have; with ``+`` they may be others.

    Raises:
        UserError: there is no such file; a column is unknown, a value missing or more than one.
    """
    given = f"sweep.from={file}"
    try:
        with as_meant(file).open(encoding="utf-8-sig", newline="") as stream:
            lines = csv.reader(stream, strict=True)
            keys = [each.strip() for each in next(lines, [])]
            rows = [(lines.line_num, row) for row in lines if any(cell.strip() for cell in row)]
    except OSError as error:
        raise UserError(f"{given}: {error.strerror}; {ALLOWED}") from error
    except (UnicodeError, csv.Error) as error:
        raise UserError(f"{given}: cannot be read: {error}; {ALLOWED}") from error
    _check_keys(keys, known, given)
    if not rows:
        raise UserError(f"{given}: has no row below the names of fields; allowed is one or more")
    return [_row(keys, row, f"{given}: line {number}") for number, row in rows]


def _check_keys(keys: list[str], known: Collection[str], given: str) -> None:
    if not any(keys):
        raise UserError(f"{given}: has no names of fields; {ALLOWED}")
    for key in keys:
        if not key.startswith("+") and key not in known:
            raise UserError(f"{given}: {no_field(key, [], known)}")
        if keys.count(key) > 1:
            raise UserError(f"{given}: has two columns {key}; allowed is each once")


@functools.lru_cache(MOST_CELLS)  # most columns have few values, and parsing one takes 0.3 ms
def _wrong(override: str) -> str | None:
    """Say why an override is not one value; None if it is."""
    try:
        (parsed,) = parse_overrides([override])
    except HydraException as error:
        return f"cannot be read: {str(error).splitlines()[0]}"
    if parsed.value_type is not ValueType.ELEMENT:
        return "is more than one value; a list is in brackets"
    return None


def _row(keys: list[str], cells: list[str], where: str) -> Row:
    """Return the overrides of a row, each of which is one value as Hydra reads it."""
    if len(cells) > len(keys):
        raise UserError(f"{where}: has more values than there are columns; lists go in quotes")
    values = [cell.strip() for cell in cells] + [""] * (len(keys) - len(cells))
    for key, value in zip(keys, values, strict=True):
        if not value:
            raise UserError(f"{where}: has no {key}; allowed is a value in each column (or null)")
        if wrong := _wrong(f"{key}={value}"):
            raise UserError(f"{where}: {key}={value} {wrong}")
    return tuple(f"{key}={value}" for key, value in zip(keys, values, strict=True))
