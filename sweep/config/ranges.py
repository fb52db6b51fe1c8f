"""Hydra's ranges, with the numbers that were written: ``range(0.1,0.4,0.1)`` is 0.1, 0.2, 0.3.

Hydra 1.3 adds up the binary fractions that stand for these, which makes 0.30000000000000004 and 0.4
of them; and it sorts a range by moving its ends, which loses or adds values unless its length is a
multiple of its step.
"""

import builtins
import dataclasses
import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from hydra._internal.grammar import grammar_functions
from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser, create_functions
from hydra.core.override_parser.types import (
    ChoiceSweep,
    Glob,
    IntervalSweep,
    Override,
    RangeSweep,
)

from sweep.errors import UserError

SWEPT = (ChoiceSweep, RangeSweep, IntervalSweep, Glob)  # what stands for several values
MOST_VALUES = 1_000_000  # of a range, which are all written down


class WrittenRange(RangeSweep):
    """A range whose values are those that one would write down."""

    def range(self) -> Any:
        """Return the values, in order: all of them int, or all of them float."""
        start, _, step = _decimals(self)
        found = (start + number * step for number in builtins.range(_count(self)))
        return [_kind(self)(each) for each in found]


def parse_overrides(given: Sequence[str], loader: ConfigLoader | None = None) -> list[Override]:
    """Return what overrides say.

    Args:
        given: as they are typed, ``optim.lr=range(0.1,0.4,0.1)``.
        loader: of the configurations that ``glob(*)`` chooses from; None without any.

    Raises:
        UserError: a range is among other values, has a step of 0, or too many values; or something
            that stands for several values is within a list.
    """
    functions = create_functions()
    functions.functions["sort"] = _sort
    parsed: list[Override] = OverridesParser(functions, loader).parse_overrides(list(given))
    for each in parsed:
        value, text = each._value, str(each.input_line)
        if isinstance(value, ChoiceSweep) and any(
            isinstance(one, RangeSweep | IntervalSweep) for one in value.list or ()
        ):
            raise UserError(
                f"{text}: has a range or an interval among other values; allowed is one by itself, "
                "or each value written down"
            )
        if any(_has_several(one) for one in getattr(value, "list", None) or [value]):
            raise UserError(within_a_list(text))
        if isinstance(value, RangeSweep):
            each._value = _written(value, text)
    return parsed


def within_a_list(text: str) -> str:
    """Say what is wrong with an override that has something for several values within a list."""
    return (
        f"{text}: has a range, an interval or choices within a list or a dictionary; allowed are "
        "whole ones, as in [1,5],[2,5]"
    )


def _has_several(value: Any) -> bool:
    """Return whether something within a value stands for several."""
    if isinstance(value, dict):
        value = [*value.values()]
    return isinstance(value, list) and any(
        isinstance(each, SWEPT) or _has_several(each) for each in value
    )


def _written(sweep: RangeSweep, text: str) -> WrittenRange:
    if wrong := _wrong(sweep):
        raise UserError(f"{text}: {wrong}")
    return WrittenRange(sweep.tags, sweep.start, sweep.stop, sweep.step, sweep.shuffle)


def _wrong(sweep: RangeSweep) -> str | None:
    numbers = (sweep.start, sweep.stop, sweep.step)
    if any(isinstance(each, bool) for each in numbers):
        return "has true or false for a number; allowed are numbers"
    if not sweep.step:
        return "has a step of 0; allowed is any other"
    if not all(math.isfinite(each or 0) for each in numbers):
        return "has no end of values; allowed are finite ends and a finite step"
    if _count(sweep) > MOST_VALUES:
        return "has too many values; allowed instead: an interval, int(interval)"
    return None


def _decimals(sweep: RangeSweep) -> tuple[Decimal, Decimal, Decimal]:
    """Return start, stop and step as they were written."""
    start, stop, step = (Decimal(repr(each or 0)) for each in (sweep.start, sweep.stop, sweep.step))
    return start, stop, step


def _kind(sweep: RangeSweep) -> type[int] | type[float]:
    """Return what the values are."""
    ends = (sweep.start, sweep.stop, sweep.step)
    return int if all(isinstance(each, int) for each in ends) else float


def _count(sweep: RangeSweep) -> int:
    """Return how many values there are; the step is not 0."""
    start, stop, step = _decimals(sweep)
    return max(math.ceil((stop - start) / step), 0)


def _sort(*args: Any, reverse: bool = False, **named: Any) -> Any:
    """Sort as Hydra does, but a range by its values."""
    values = [*args, *named.values()]
    ranges = [each for each in values if isinstance(each, RangeSweep)]
    if not ranges:
        return grammar_functions.sort(*args, reverse=reverse, **named)
    if len(values) > 1:
        return ChoiceSweep(list=values, simple_form=True)  # which is refused, with its whole text
    (sweep,) = ranges
    if _wrong(sweep) or not _count(sweep) or (sweep.step < 0) is reverse:
        return sweep
    first, _, step = _decimals(sweep)
    last = first + (_count(sweep) - 1) * step
    kind = _kind(sweep)
    end = first - step  # the end of a range is not in it
    return dataclasses.replace(sweep, start=kind(last), stop=kind(end), step=-sweep.step)
