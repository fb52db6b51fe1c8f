"""``search.sampler=grid``: each combination once, in an order drawn by the search's seed."""

from typing import Any

from optuna.distributions import CategoricalDistribution
from optuna.samplers import BaseSampler, GridSampler

from sweep.config.schema import Search
from sweep.search.choices import SAMPLERS, Sampler
from sweep.search.space import Space


def _create(search: Search, space: Space, seed: int) -> BaseSampler:
    # One order for the whole search: the seed is the search's, and not the trial's.
    values = {each.name: _values(each.distribution) for each in space.dimensions}
    return GridSampler(values, seed=search.seed)


def _values(distribution: Any) -> list[Any]:
    if isinstance(distribution, CategoricalDistribution):
        return list(distribution.choices)
    count = round((distribution.high - distribution.low) / distribution.step) + 1
    return [distribution.low + step * distribution.step for step in range(count)]


SAMPLERS.register("grid", Sampler(_create, tries_all=True))
