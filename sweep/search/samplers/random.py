"""``search.sampler=random``: independent draws."""

from optuna.samplers import BaseSampler, RandomSampler

from sweep.config.schema import Search
from sweep.search.choices import SAMPLERS, Sampler
from sweep.search.space import Space


def _create(search: Search, space: Space, seed: int) -> BaseSampler:
    return RandomSampler(seed=seed)


SAMPLERS.register("random", Sampler(_create))
