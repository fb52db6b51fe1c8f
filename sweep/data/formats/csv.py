"""Tables of pixels or features: ``dataset=csv dataset.train=train.csv``, as Kaggle has MNIST."""

import math
import re
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic.dataclasses import dataclass

from sweep.config.choices import DATASETS
from sweep.config.fields import STRICT, Role, Text
from sweep.config.tasks import Task
from sweep.data.own.files import OwnFiles
from sweep.data.readers.arrays import array_part
from sweep.data.readers.labelling import CLASSES, LABELLINGS, Labelling
from sweep.data.readers.parts import Part
from sweep.data.readers.tables import Table, check_named, in_order_of, read_table
from sweep.errors import UserError

LABEL = "dataset.label="  # before what is given
POSITION = re.compile(r"-?\d+")
LEAST_PIXELS = 16  # a square of fewer columns is taken for features


@DATASETS.registers("csv")
@dataclass(frozen=True, config=STRICT)
class Csv(OwnFiles):
    """A row for each image: its label in one column, pixels or features in the others."""

    tasks: ClassVar[tuple[Task, ...]] = ("classification", "regression")

    name: Annotated[Literal["csv"], Role.RECORD]
    label: Annotated[Text, Role.RECORD]

    def example(self) -> str:
        """Return how the file to train on is given."""
        return "dataset.train=train.csv"

    def features(self) -> tuple[str, ...]:
        """Return the names of the columns besides the label, in the order of the training table."""
        table = read_table(self.paths()["train"], rows=0)
        if not table.names:
            return ()
        label = _position(table, self.label, LABEL)
        return (*table.columns[:label], *table.columns[label + 1 :])

    def part(self, path: Path) -> Part:
        """Return what is in a table, its columns in the order of the table to train on."""
        train = self.paths()["train"]
        return csv_part(path, self.label, self.size, LABELLINGS[self.task], like=train)


def csv_part(
    path: Path,
    label: str,
    size: tuple[int, int] | None,
    labelling: Labelling = CLASSES,
    given: str = LABEL,
    like: Path | None = None,
) -> Part:
    """Return the images, or the features, in a table.

    Its columns are pixels if they are whole numbers from 0 to 255 and make a square, or an image
    of the size that is given; else they are features.

    Args:
        path: of the file; its first line has the names of columns, unless it is a row of numbers.
        label: the name of the column with the labels, or its position, from 0; -1 is the last.
        size: height and width.
        labelling: what labels are read as.
        given: what the user writes before ``label``.
        like: of the table whose order of columns counts, where both have names.

    Raises:
        UserError: naming the line, or the column, in which something is wrong.
    """
    table = read_table(path)
    place = _position(table, label, given)
    check_named(table, place)
    if like:
        first = read_table(like, rows=0)
        table = in_order_of(first, _position(first, label, given), table, place)
        place = _position(table, label, given)
    columns = [each for each in range(len(table.columns)) if each != place]
    if not columns or not len(table.rows):
        raise UserError(f"{path}: no images; allowed are rows with a label and other columns")
    labels = _numbers(table, [place], labelling.allowed)[:, 0]
    labels = labelling.checked(
        labelling.shaped(str(path), labels), lambda row: f"{path}, line {row + table.first_line:,}"
    )
    values = _numbers(table, columns, "allowed are finite numbers")
    return array_part(str(path), _as_images(values, size), labels, str(path), labelling)


def _position(table: Table, label: str, given: str) -> int:
    names = table.columns
    if table.names and label in names:
        return names.index(label)
    if POSITION.fullmatch(label) and -len(names) <= int(label) < len(names):
        return int(label) % len(names)
    shown = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
    there = f"named {shown}" if table.names else "without names"
    raise UserError(
        f"{given}{label}: {table.path} has {len(names)} columns {there}; allowed is the name of "
        "one, or its position, from 0"
    )


def _numbers(table: Table, columns: list[int], allowed: str) -> NDArray[Any]:
    """Return the values of columns, (rows, columns), as whole numbers where all are."""
    import pandas as pd

    rows = table.rows.iloc[:, columns]
    if not all(pd.api.types.is_numeric_dtype(kind) for kind in rows.dtypes):
        rows = rows.apply(pd.to_numeric, errors="coerce").where(rows.notna())
    values: NDArray[Any] = rows.to_numpy()
    if values.dtype.kind not in "iub":
        values = values.astype(np.float64)
        if not (finite := np.isfinite(values)).all():
            row, column = (int(each) for each in np.argwhere(~finite)[0])
            raise UserError(
                f"{table.path}, line {row + table.first_line:,}: column {rows.columns[column]} has "
                f"no number; {allowed}"
            )
    return values


def _as_images(values: NDArray[Any], size: tuple[int, int] | None) -> NDArray[Any]:
    """Return pixels as (n, height, width) uint8, features as they are."""
    columns = values.shape[1]
    side = math.isqrt(columns)
    if size and size[0] * size[1] == columns:
        height, width = size
    elif side**2 == columns and columns >= LEAST_PIXELS:
        height = width = side
    else:
        return values
    is_whole = values.dtype.kind in "iu" or bool((values == np.floor(values)).all())
    if not is_whole or values.min() < 0 or values.max() > 255:
        return values
    return values.astype(np.uint8).reshape(-1, height, width)
