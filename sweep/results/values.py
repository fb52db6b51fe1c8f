"""Values as they are recorded: told apart, put in order, read as numbers, and written."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

LARGE = 1e7  # from which on a number is written with an exponent
EXACT = 2**53  # from which on floats skip whole numbers
NULL = "null"  # as it is recorded


def as_numbers(texts: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return recorded texts as the numbers that were trained, to the last bit; NaN for None.

    Whole numbers stay whole where some are missing: a size of 32.0 could not be trained again.

    Raises:
        ValueError: one of them is no number.
    """
    numbers = pd.to_numeric(texts)
    if not pd.api.types.is_float_dtype(numbers):
        return numbers
    if texts.dropna().map(_is_whole).all() and texts.notna().any():
        whole = [None if pd.isna(each) else int(each) for each in texts]
        return pd.Series(whole, texts.index, dtype="Int64")
    # pandas tells what is a number, but rounds some of them otherwise than Python.
    return texts.map(float, na_action="ignore").astype("float64")


def numbers_beside_null(values: Iterable[Any]) -> dict[str, Any]:
    """Return the numbers that were recorded as texts of a column for the sake of a ``null`` alone.

    Returns:
        by their texts; none if there is no ``null`` among them, or more that is no number.
    """
    texts = {value for value in values if isinstance(value, str)}
    if NULL not in texts:
        return {}
    column = pd.Series(sorted(texts - {NULL}), dtype=object)
    try:
        return dict(zip(column, as_numbers(column).tolist(), strict=True))
    except ValueError:
        return {}


def _is_whole(text: str) -> bool:
    return text.removeprefix("-").isdecimal()


def measured_text(value: float, digits: str) -> str:
    """Return a measured number with these digits, as in ``.4f``; a huge one by its exponent."""
    is_huge = math.isfinite(value) and abs(value) >= LARGE
    return f"{value:.4g}" if is_huge else format(value, digits)


def metric_text(name: str, value: float) -> str:
    """Return a metric of one run: four digits behind the point, and none of an epoch's number."""
    return measured_text(value, ".0f" if name == "best_epoch" else ".4f")


def text(value: object) -> str:
    """Return a value as it is written at a tick: four digits of a number."""
    if not isinstance(value, float | np.floating):
        return str(value)
    number = float(value)
    return str(int(number)) if number.is_integer() and abs(number) < LARGE else f"{number:.4g}"


def told_apart(values: Iterable[Any], write: Callable[[Any], str] = text) -> list[str]:
    """Return values as texts; in full where different ones would look the same.

    Args:
        values: any, or none of a kind: a missing one is empty.
        write: rounds one, for eyes; a number beside ``null`` as any other.
    """
    known = [None if pd.isna(value) else value for value in values]
    numbers = numbers_beside_null(known)
    short = ["" if value is None else write(numbers.get(value, value)) for value in known]
    meant: dict[str, set[Any]] = {}
    for each, value in zip(short, known, strict=True):
        if value is not None:
            meant.setdefault(each, set()).add(value)
    return [
        each if value is None or len(meant[each]) == 1 else str(value)
        for each, value in zip(short, known, strict=True)
    ]


def distinct_values(values: Iterable[Any]) -> list[Any]:
    """Return the different values in order: numbers by size, before names by the alphabet."""
    return sorted({value for value in values if not pd.isna(value)}, key=_order)


def are_numbers(values: Iterable[object]) -> bool:
    """Return whether all values are numbers; neither ``[128, 64]`` nor ``null`` is one."""
    return all(isinstance(value, int | float | np.number) for value in values)


def are_finite(values: Sequence[Any]) -> bool:
    """Return whether all values are numbers that have a place on an axis."""
    return are_numbers(values) and all(map(math.isfinite, values))


def as_whole(numbers: "pd.Series[float]") -> "pd.Series[Any]":
    """Return numbers as whole ones, missing ones as they are, if all that are there are whole."""
    known = numbers.dropna().astype(float)
    are_whole = (known == known.round()) & (known.abs() < EXACT)
    return numbers.astype("Int64") if are_whole.all() else numbers


def _order(value: object) -> tuple[bool, float, str]:
    try:
        return False, float(str(value)), str(value)  # 1 and 1.0 are two texts
    except ValueError:
        return True, 0.0, str(value)
