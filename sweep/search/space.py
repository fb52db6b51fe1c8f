"""What is searched: all dimensions, and what is the same for all runs."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from hydra.core.override_parser.types import Override
from optuna.distributions import BaseDistribution, distribution_to_json

from sweep.errors import UserError
from sweep.search.dimensions import Dimension, dimension_of

ONLY_WITH = "only_with"  # in what describes a dimension: its condition


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
    def is_conditional(self) -> bool:
        """Whether some values are searched with some choices alone."""
        return any(each.condition for each in self.dimensions)

    @property
    def distributions(self) -> dict[str, BaseDistribution]:
        """Optuna's, by its names."""
        return {each.name: each.distribution for each in self.dimensions}

    def middle(self) -> dict[str, Any]:
        """Return the values in the middle, by Optuna's names; of choices, the first."""
        return {each.name: each.middle for each in self.dimensions}

    def varied(self, suggested: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the overrides of what is searched, of these values by Optuna's names."""
        return tuple(
            each.override(suggested[each.name])
            for each in self.dimensions
            if each.name in suggested
        )

    def overrides(self, suggested: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the overrides of a run with these values, by Optuna's names."""
        return (*self.fixed, *self.varied(suggested))

    def examples(self, groups: Sequence[str]) -> list[tuple[str, ...]]:
        """Return overrides of runs that tell whether all runs can be composed.

        Each value is tried at its ends, others being at their starts, for each choice of a group.
        """
        choices = [each for each in self.dimensions if each.key in groups]
        texts = [each.values or each.examples() for each in choices]
        names = [each.name for each in choices]
        found: list[tuple[str, ...]] = []
        for chosen in product(*texts):
            known = dict(zip(names, chosen, strict=True))
            having = [each for each in self.dimensions if each.is_searched_with(known)]
            starts = {
                each.key: f"{each.key}={known[each.name]}"
                if each.name in known
                else each.examples()[0]
                for each in having
            }
            tried = [
                (*self.fixed, *{**starts, each.key: text}.values())
                for each in having
                if each.key not in groups
                for text in each.examples()
            ]
            found += tried or [(*self.fixed, *starts.values())]
        return list(dict.fromkeys(found))

    def describe(self) -> dict[str, Any]:
        """Return each dimension's distribution, as Optuna writes it in JSON, and its condition."""
        return {
            each.name: {
                **json.loads(distribution_to_json(each.distribution)),
                **({ONLY_WITH: str(each.condition)} if each.condition else {}),
            }
            for each in self.dimensions
        }

    def size(self) -> float:
        """Return how many combinations there are; infinity if an interval is searched.

        What is searched with some choices alone counts as if it were with all.
        """
        return math.prod(len(each.values or ()) or math.inf for each in self.dimensions)


def space_of(overrides: Iterable[Override]) -> Space:
    """Return what these overrides search, the last one of each key.

    Raises:
        UserError: ends are the wrong way round, a tag is not known, or nothing is searched.
    """
    last = {override.get_key_element(): override for override in overrides}
    searched = {key: each for key, each in last.items() if each.is_sweep_override()}
    fixed = tuple(str(each.input_line) for key, each in last.items() if key not in searched)
    dimensions = tuple(dimension_of(key, each) for key, each in searched.items())
    for key in searched:
        if f"+{key}" in searched:
            raise UserError(f"{key} and +{key}: are the same; allowed is one of them")
    if not dimensions:
        raise UserError(
            "hydra/sweeper=optuna: there is nothing to search; allowed are values such as "
            "'optim.lr=tag(log,interval(0.001,1))', 'seed=range(0,5)', model.activation=tanh,relu"
        )
    return Space(dimensions, fixed)


def in_words(described: Mapping[str, Any]) -> str:
    """Return a dimension, as :meth:`Space.describe` has it, in words."""
    condition = f" with {described[ONLY_WITH]}" if ONLY_WITH in described else ""
    about = described["attributes"]
    if "choices" in about:
        return " or ".join(map(str, about["choices"])) + condition
    steps = f" in steps of {about['step']:g}" if about["step"] not in (None, 1) else ""
    scale = ", on a log scale" if about["log"] else ""
    return f"{about['low']:g} to {about['high']:g}{steps}{scale}{condition}"
