"""``search.sampler=tpe``: tree-structured Parzen estimators, over all values together."""

from optuna.samplers import BaseSampler, TPESampler

from sweep.config.schema import Search
from sweep.search.choices import SAMPLERS, Sampler
from sweep.search.space import Space


def _create(search: Search, space: Space, seed: int) -> BaseSampler:
    return TPESampler(seed=seed, n_startup_trials=search.startup_trials, multivariate=True)


SAMPLERS.register("tpe", Sampler(_create))
