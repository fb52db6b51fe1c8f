"""What is searched: Hydra's sweeps over values, as distributions that Optuna suggests values from.

Ends are as Hydra documents them: an interval or a range contains its start, but not its end. See
https://hydra.cc/docs/advanced/override_grammar/extended/
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.override_parser.types import IntervalSweep, Override, RangeSweep
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
)

from sweep.errors import UserError, in_full, nearest

LOG = "log"


@dataclass(frozen=True)
class Dimension:
    """One value that is searched.

    Attributes:
        key: as it is overridden: ``optim.lr``.
        text: what was given for it: ``tag(log,interval(0.001,1))``.
        distribution: Optuna's.
        values: all that it can be, as overrides have them, in order; None for an interval.
    """

    key: str
    text: str
    distribution: BaseDistribution
    values: tuple[str, ...] | None

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

    def examples(self) -> list[str]:
        """Return the overrides that tell whether all others are right: the ends, or all choices."""
        found = self.distribution
        if isinstance(found, IntDistribution | FloatDistribution):
            return [self.override(found.low), self.override(found.high)]
        return [self.override(value) for value in self.values or ()]


@dataclass(frozen=True)
class Space:
    """All that is searched, at least one dimension, and what is the same for all runs.

    Attributes:
        dimensions: in the order in which they were given.
        fixed: overrides.
    """

    dimensions: tuple[Dimension, ...]
    fixed: tuple[str, ...]

    @property
    def distributions(self) -> dict[str, BaseDistribution]:
        """Optuna's, by its names."""
        return {each.name: each.distribution for each in self.dimensions}

    def overrides(self, suggested: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the overrides of a run with these values, by Optuna's names."""
        return (
            *self.fixed,
            *(each.override(suggested[each.name]) for each in self.dimensions),
        )

    def examples(self, groups: Sequence[str]) -> list[tuple[str, ...]]:
        """Return overrides of runs that tell whether all runs can be composed.

        Each value is tried at its ends, others being at their starts, for each choice of a group.
        """
        starts = {each.key: each.examples()[0] for each in self.dimensions}
        chosen: list[dict[str, str]] = [starts]
        for each in self.dimensions:
            if each.key in groups:
                chosen = [{**one, each.key: text} for one in chosen for text in each.examples()]
        tried = [
            (*self.fixed, *{**one, each.key: text}.values())
            for one in chosen
            for each in self.dimensions
            if each.key not in groups
            for text in each.examples()
        ]
        return list(dict.fromkeys(tried or [(*self.fixed, *one.values()) for one in chosen]))

    def describe(self) -> dict[str, Any]:
        """Return each dimension's distribution, as Optuna writes it in JSON."""
        return {
            name: json.loads(distribution_to_json(each))
            for name, each in self.distributions.items()
        }

    def size(self) -> float:
        """Return how many combinations there are; infinity if an interval is searched."""
        return math.prod(len(each.values or ()) or math.inf for each in self.dimensions)


def space_of(overrides: Iterable[Override]) -> Space:
    """Return what these overrides search, the last one of each key.

    Raises:
        UserError: ends are the wrong way round, a tag is not known, or nothing is searched.
    """
    last = {override.get_key_element(): override for override in overrides}
    searched = {key: each for key, each in last.items() if each.is_sweep_override()}
    fixed = tuple(str(each.input_line) for key, each in last.items() if key not in searched)
    dimensions = tuple(_dimension(key, each) for key, each in searched.items())
    for key in searched:
        if f"+{key}" in searched:
            raise UserError(f"{key} and +{key}: are the same; allowed is one of them")
    if not dimensions:
        raise UserError(
            "hydra/sweeper=optuna: there is nothing to search; allowed are values such as "
            "'optim.lr=tag(log,interval(0.001,1))', 'seed=range(0,5)', model.activation=tanh,relu"
        )
    return Space(dimensions, fixed)


def _dimension(key: str, override: Override) -> Dimension:
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


def in_words(distribution: Mapping[str, Any]) -> str:
    """Return a distribution, as :meth:`Space.describe` has it, in words."""
    about = distribution["attributes"]
    if "choices" in about:
        return " or ".join(map(str, about["choices"]))
    steps = f" in steps of {about['step']:g}" if about["step"] not in (None, 1) else ""
    scale = ", on a log scale" if about["log"] else ""
    return f"{about['low']:g} to {about['high']:g}{steps}{scale}"
