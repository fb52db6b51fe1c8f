"""``search.sampler=grid``: each combination once, in an order drawn by the search's seed."""

from typing import Any

from optuna.distributions import CategoricalDistribution
from optuna.samplers import BaseSampler, GridSampler

from sweep.config.schema import Search
from sweep.search.choices import SAMPLERS, Sampler
from sweep.search.dimensions import Dimension
from sweep.search.space import Space


def _create(search: Search, space: Space, seed: int) -> BaseSampler:
    # One order for the whole search: the seed is the search's, and not the trial's.
    values = {each.name: _values(each) for each in space.dimensions}
    return GridSampler(values, seed=search.seed)


def _values(dimension: Dimension) -> list[Any]:
    if isinstance(dimension.distribution, CategoricalDistribution):
        return list(dimension.distribution.choices)
    return [dimension.after(steps) for steps in range(len(dimension.values or ()))]


SAMPLERS.register("grid", Sampler(_create, tries_all=True))
