"""The attributes of operators: texts in the files, with bounds, as MXNet's own parser takes them.

Each kind is a function from the text to a value; it raises a ValueError that says what is allowed.
"""

import math
import re
from collections.abc import Callable
from typing import Any

Kind = Callable[[str], Any]
Numbers = tuple[int | None, ...]

MOST = 2**31 - 1  # of whole numbers, in MXNet
MOST_NUMBERS = 16  # in a list
_WHOLE = re.compile(r"[+-]?\d{1,10}L?")


def whole(least: int, most: int = MOST) -> Kind:
    """Return the kind of a whole number in these bounds."""

    def parse(text: str) -> int:
        value = _whole(text)
        if value is None or not least <= value <= most:
            raise ValueError(f"allowed is a whole number from {least} to {most}")
        return value

    return parse


def whole_or_none(least: int) -> Kind:
    """Return the kind of a whole number from so many on, or ``None``."""
    number = whole(least)
    return lambda text: None if text.strip() == "None" else number(text)


def sides(least: int, length: int = 0) -> Kind:
    """Return the kind of a list of whole numbers, as ``(3, 3)``, each so large at least.

    Args:
        least: the least one.
        length: of the list; 0 for any.
    """

    def parse(text: str) -> tuple[int, ...]:
        found = _numbers(text)
        values = tuple(each for each in found or () if each is not None and least <= each <= MOST)
        if found is None or len(values) != len(found) or length not in (0, len(values)):
            raise ValueError(f"allowed is a list of whole numbers from {least} on, as in (3, 3)")
        return values

    return parse


def positions(text: str) -> Numbers:
    """Return a list of whole numbers or ``None``, of either sign."""
    found = _numbers(text)
    if found is None:
        raise ValueError("allowed is a list of whole numbers or None")
    return found


def number(text: str) -> float:
    """Return a finite number."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or abs(value) > 3e38:  # MXNet's floats have 32 bits
        raise ValueError("allowed is a finite number")
    return value


def switch(text: str) -> bool:
    """Return whether it is true."""
    known = {"true": True, "1": True, "false": False, "0": False}
    if text.strip().lower() not in known:
        raise ValueError("allowed is True or False")
    return known[text.strip().lower()]


def one_of(*words: str) -> Kind:
    """Return the kind of one of these words."""

    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(f"allowed is {', '.join(words)}")
        return text

    return parse


def ignored(text: str) -> None:
    """Take whatever changes no result here, as the memory that a GPU may use."""


def _whole(text: str) -> int | None:
    stripped = text.strip()
    return int(stripped.rstrip("L")) if _WHOLE.fullmatch(stripped) else None


def _numbers(text: str) -> Numbers | None:
    """Return the numbers of ``(3, None)``, ``[3,3]``, ``(3L, 3L)`` or ``3``; None if it is none."""
    inner = text.strip()
    if inner[:1] + inner[-1:] in ("()", "[]"):
        inner = inner[1:-1].strip().removesuffix(",")
    words = [each.strip() for each in inner.split(",")] if inner else []
    values = [None if each == "None" else _whole(each) for each in words]
    is_wrong = any(
        value is None and word != "None" for value, word in zip(values, words, strict=True)
    )
    return None if is_wrong or len(values) > MOST_NUMBERS else tuple(values)
