"""Writing a table in the format that the file's suffix names."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from sweep.config.registry import Registry
from sweep.errors import UserError


def _write_json(table: pd.DataFrame, path: Path) -> None:
    """Write a list of rows; what JSON has no number for, as NaN, is null."""
    numbers = table.select_dtypes("number").replace([float("inf"), float("-inf")], float("nan"))
    cells = table.assign(**{str(name): numbers[name] for name in numbers}).astype(object)
    rows = [
        {str(name): None if pd.isna(value) else value for name, value in row.items()}
        for row in cells.to_dict("records")
    ]
    path.write_text(json.dumps(rows, indent=2, default=_plain))


def _plain(value: Any) -> Any:
    """Return a time in ISO's form, to the millisecond; of NumPy's numbers, Python's."""
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03}Z"
    return value.item()


def _write_markdown(table: pd.DataFrame, path: Path) -> None:
    """Write a table whose numbers have all their digits."""
    right = table.dtypes.map(pd.api.types.is_numeric_dtype)
    cells = table.astype(object).where(table.notna(), "").map(_in_markdown)
    cells = cells.rename(columns=_in_markdown)
    aligned = ["right" if each else "left" for each in right]
    cells.to_markdown(path, index=False, disable_numparse=True, colalign=aligned)


def _in_markdown(value: object) -> str:
    """Return a value as a cell of a table has it: in one line, and no border in it."""
    text = str(value).replace("\\", "\\\\").replace("|", "\\|")
    return "<br>".join(text.splitlines())


Writer = Callable[[pd.DataFrame, Path], object]
WRITERS: Registry[Writer] = Registry("--output")  # by the file's suffix
WRITERS.register(".csv", lambda table, path: table.to_csv(path, index=False))
WRITERS.register(".parquet", lambda table, path: table.to_parquet(path, index=False))
WRITERS.register(".json", _write_json)
WRITERS.register(".md", _write_markdown)


def export(table: pd.DataFrame, file: Path) -> None:
    """Write the table in the format of the file's suffix: all of it or nothing.

    Raises:
        UserError: the suffix is unknown or the file cannot be written.
    """
    write = WRITERS[known_suffix(file)]
    try:
        with tempfile.TemporaryDirectory(dir=file.parent, prefix=".leaderboard-") as folder:
            temporary = Path(folder) / file.name
            write(table, temporary)
            temporary.replace(file)
    except OSError as error:
        raise UserError(f"--output {file}: cannot be written: {error.strerror}") from error


def known_suffix(file: Path) -> str:
    """Return the file's suffix, in small letters.

    Raises:
        UserError: no table can be written in that format.
    """
    suffix = file.suffix.lower()
    if WRITERS.get(suffix) is None:
        allowed = ", ".join(WRITERS.names())
        raise UserError(f"--output {file}: unknown suffix; allowed: {allowed}")
    return suffix
