"""Tables of pixels or features: ``dataset=csv dataset.train=train.csv``, as Kaggle has MNIST."""

import csv
import math
import re
import warnings
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
from sweep.errors import UserError

POSITION = re.compile(r"-?\d+")
ENCODING = "utf-8-sig"  # which reads what has no mark at its beginning, too
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

    def part(self, path: Path) -> Part:
        """Return what is in a table."""
        return csv_part(path, self.label, self.size, LABELLINGS[self.task])


def csv_part(
    path: Path,
    label: str,
    size: tuple[int, int] | None,
    labelling: Labelling = CLASSES,
    given: str = "dataset.label=",
) -> Part:
    """Return the images, or the features, in a table.

    Its columns are pixels if they are whole numbers from 0 to 255 and make a square, or an image
    of the size that is given; else they are features.

    Args:
        path: of the file; its first line has the names of columns, unless all of it is numbers.
        label: the name of the column with the labels, or its position, from 0; -1 is the last.
        size: height and width.
        labelling: what labels are read as.
        given: what the user writes before ``label``.

    Raises:
        UserError: naming the line in which something is wrong.
    """
    table, first_line = _read(path)
    names = [str(name) for name in table.columns]
    place = _position(path, label, names, first_line, given)
    columns = [each for each in range(len(names)) if each != place]
    if not columns or not len(table):
        raise UserError(f"{path}: no images; allowed are rows with a label and other columns")
    labels = _numbers(path, table.iloc[:, [place]], first_line, labelling.allowed)[:, 0]
    labels = labelling.checked(
        labelling.shaped(str(path), labels), lambda row: f"{path}, line {row + first_line:,}"
    )
    values = _numbers(path, table.iloc[:, columns], first_line, "allowed are finite numbers")
    return array_part(str(path), _as_images(values, size), labels, str(path), labelling)


def _read(path: Path) -> tuple[Any, int]:
    """Return the table, and the number of its first line with values."""
    import pandas as pd

    try:
        with open(path, encoding=ENCODING, newline="") as stream:
            rows = (row for row in csv.reader(stream) if len(row) > 1 or "".join(row).strip())
            has_names = not all(_is_number(each) for each in next(rows, []) if each.strip())
        header: Any = 0 if has_names else None
        with warnings.catch_warnings():  # of columns without a name, which would be left out
            warnings.simplefilter("error", pd.errors.ParserWarning)
            table = pd.read_csv(
                path, header=header, index_col=False, encoding=ENCODING, low_memory=False
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
    return table, 2 if has_names else 1


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _position(path: Path, label: str, names: list[str], first_line: int, given: str) -> int:
    if first_line == 2 and label in names:
        return names.index(label)
    if POSITION.fullmatch(label) and -len(names) <= int(label) < len(names):
        return int(label) % len(names)
    shown = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
    there = f"named {shown}" if first_line == 2 else "without names"
    raise UserError(
        f"{given}{label}: {path} has {len(names)} columns {there}; allowed is the name of "
        "one, or its position, from 0"
    )


def _numbers(path: Path, table: Any, first_line: int, allowed: str) -> NDArray[Any]:
    """Return the values of columns, (rows, columns), as whole numbers where all are."""
    import pandas as pd

    if not all(pd.api.types.is_numeric_dtype(kind) for kind in table.dtypes):
        table = table.apply(pd.to_numeric, errors="coerce").where(table.notna())
    values: NDArray[Any] = table.to_numpy()
    if values.dtype.kind not in "iub":
        values = values.astype(np.float64)
        if not (finite := np.isfinite(values)).all():
            row, column = (int(each) for each in np.argwhere(~finite)[0])
            raise UserError(
                f"{path}, line {row + first_line:,}: column {table.columns[column]} has no number; "
                f"{allowed}"
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
