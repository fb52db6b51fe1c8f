"""Writing a table in the format that the file's suffix names."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from sweep.errors import UserError

WRITERS: dict[str, Callable[[pd.DataFrame, Path], object]] = {
    ".csv": lambda table, path: table.to_csv(path, index=False),
    ".parquet": lambda table, path: table.to_parquet(path, index=False),
    ".json": lambda table, path: table.to_json(
        path, orient="records", indent=2, date_format="iso", double_precision=15
    ),
    ".md": lambda table, path: (
        table.astype(object).where(table.notna(), "").to_markdown(path, index=False)
    ),
}


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
    """Return the file's suffix.

    Raises:
        UserError: no table can be written in that format.
    """
    if file.suffix not in WRITERS:
        raise UserError(f"--output {file}: unknown suffix; allowed: {', '.join(WRITERS)}")
    return file.suffix
