"""One value that is searched: Hydra's sweep over it, as a distribution that Optuna suggests from.

Ends are as Hydra documents them: an interval or a range contains its start, but not its end. See
https://hydra.cc/docs/advanced/override_grammar/extended/
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override, RangeSweep
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from sweep.errors import UserError, either, in_full, nearest

LOG = "log"
NEARLY = 1e-9  # of a step: values of a range that are no further apart are the same


@dataclass(frozen=True)
class Condition:
    """With which choices of a searched group a value is searched: others have no such field.

    Attributes:
        group: its key: ``model``.
        choices: some of those that are searched, as they were given.
    """

    group: str
    choices: tuple[str, ...]

    def __str__(self) -> str:
        """Return it as it is told: ``model=lenet``."""
        return f"{self.group}={either(self.choices)}"


@dataclass(frozen=True)
class Dimension:
    """One value that is searched.

    Attributes:
        key: as it is overridden: ``optim.lr``.
        text: what was given for it: ``tag(log,interval(0.001,1))``.
        distribution: Optuna's.
        values: all that it can be, as overrides have them, in order; None for an interval.
        condition: with which choices it is searched; None for all.
    """

    key: str
    text: str
    distribution: BaseDistribution
    values: tuple[str, ...] | None
    condition: Condition | None = None

    @property
    def name(self) -> str:
        """What Optuna calls it."""
        return self.key.lstrip("+")

    def override(self, value: Any) -> str:
        """Return how a suggested value is overridden: ``optim.lr=0.1``."""
        if self.values and isinstance(self.distribution, FloatDistribution):
            # Hydra adds up the steps exactly, and Optuna does not.
            steps = (value - self.distribution.low) / (self.distribution.step or 1)
            value = self.values[round(steps)]
        return f"{self.key}={value if isinstance(value, str) else repr(value)}"

    def is_searched_with(self, chosen: Mapping[str, Any]) -> bool:
        """Return whether a run with these choices has the field; by Optuna's names."""
        condition = self.condition
        return condition is None or chosen.get(condition.group) in condition.choices

    def suggested(self, value: Any) -> Any:
        """Return a value as Optuna would suggest it; None if it is not one that is searched.

        Args:
            value: as YAML or JSON has it: a number, a text, a list, ``None``.
        """
        found = self.distribution
        if isinstance(found, CategoricalDistribution):
            pairs = zip(found.choices, self._meant, strict=True)
            return next((choice for choice, meant in pairs if _is_same(meant, value)), None)
        assert isinstance(found, IntDistribution | FloatDistribution)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not found.low <= value <= found.high:
            return None
        if self.values is None:
            is_whole = isinstance(found, FloatDistribution) or value == int(value)
            return type(found.low)(value) if is_whole else None
        step = found.step or 1
        steps = round((value - found.low) / step)
        is_there = math.isclose(float(self.values[steps]), value, abs_tol=step * NEARLY)
        return self.after(steps) if is_there else None

    def after(self, steps: int) -> Any:
        """Return the value of a range so many steps above its lowest, as Optuna suggests it."""
        found = self.distribution
        assert isinstance(found, IntDistribution | FloatDistribution)
        # Sums of floats may end a hair above the highest, which Optuna then takes for outside.
        return min(found.low + steps * (found.step or 1), found.high)

    @property
    def middle(self) -> Any:
        """The value about in the middle of its scale, as Optuna suggests it; the first choice."""
        found = self.distribution
        if isinstance(found, CategoricalDistribution):
            return found.choices[0]
        assert isinstance(found, IntDistribution | FloatDistribution)
        if self.values and not found.log:
            return self.after((len(self.values) - 1) // 2)
        middle = math.sqrt(found.low * found.high) if found.log else (found.low + found.high) / 2
        if isinstance(found, IntDistribution):
            return round(middle)
        short = float(f"{middle:.3g}")
        return short if found.low <= short <= found.high else middle

    @cached_property
    def _meant(self) -> list[Any]:
        """What the choices mean: ``[128,64]`` is a list."""
        parser = OverridesParser.create()
        return [parser.parse_override(f"{self.name}={each}").value() for each in self.values or ()]

    def examples(self) -> list[str]:
        """Return the overrides that tell whether all others are right: the ends, or all choices."""
        found = self.distribution
        if isinstance(found, IntDistribution | FloatDistribution):
            return [self.override(found.low), self.override(found.high)]
        return [self.override(value) for value in self.values or ()]


def _is_same(one: Any, other: Any) -> bool:
    """Return whether two values are the same to a field: 1 and 1.0 are, 1 and true are not."""
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_is_same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def dimension_of(key: str, override: Override) -> Dimension:
    """Return what an override searches.

    Raises:
        UserError: ends are the wrong way round, or a tag is not known.
    """
    text, sweep = str(override.input_line), override.value()
    if override.is_delete():
        raise UserError(f"{text}: what is taken away cannot be searched")
    if getattr(sweep, "shuffle", False):
        raise UserError(f"{text}: the order of values does not matter to a search; allowed: none")
    tags: set[str] = getattr(sweep, "tags", set())
    if unknown := tags - {LOG}:
        tag = min(unknown)
        raise UserError(f"{text}: the tag {tag} is not known{nearest(tag, [LOG])}; allowed: {LOG}")
    is_log, given = LOG in tags, text.partition("=")[2]
    if isinstance(sweep, IntervalSweep):
        return Dimension(key, given, _interval(text, sweep, is_log), None)
    if isinstance(sweep, RangeSweep):
        return _range(key, text, sweep, is_log)
    if is_log:
        raise UserError(f"{text}: choices have no log scale; allowed: an interval, or a range")
    values = tuple(dict.fromkeys(override.sweep_string_iterator()))
    return Dimension(key, given, CategoricalDistribution(values), values)


def _interval(text: str, sweep: IntervalSweep, is_log: bool) -> BaseDistribution:
    start, end = sweep.start, sweep.end
    assert start is not None and end is not None
    if start == end:
        raise UserError(f"{text}: its ends are the same; allowed is a start below the end")
    if start > end:
        turned = f"interval({in_full(end)},{in_full(start)})"
        raise UserError(f"{text}: its ends are the wrong way round; allowed: {turned}")
    _check_log(text, start, is_log)
    if isinstance(start, int) and isinstance(end, int):
        return IntDistribution(start, end - 1, log=is_log)
    return FloatDistribution(start, math.nextafter(end, start), log=is_log)


def _range(key: str, text: str, sweep: RangeSweep, is_log: bool) -> Dimension:
    numbers = sorted(sweep.range())
    if not numbers:
        raise UserError(f"{text}: has no value in it; allowed: ends the other way round")
    values, number = tuple(map(str, numbers)), type(numbers[0])
    low, high, step = numbers[0], numbers[-1], number(abs(sweep.step))
    _check_log(text, low, is_log)
    if is_log and (number is float or step != 1):
        raise UserError(f"{text}: a range with a log scale has whole numbers, 1 apart")
    kind: Any = IntDistribution if number is int else FloatDistribution
    return Dimension(key, text.partition("=")[2], kind(low, high, step=step, log=is_log), values)


def _check_log(text: str, start: float, is_log: bool) -> None:
    if is_log and start <= 0:
        raise UserError(f"{text}: a log scale has no {in_full(start)}; allowed is a start above 0")
