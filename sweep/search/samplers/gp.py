"""``search.sampler=gp``: Gaussian processes."""

from optuna.samplers import BaseSampler, GPSampler

from sweep.config.schema import Search
from sweep.search.choices import SAMPLERS, Sampler
from sweep.search.space import Space


def _create(search: Search, space: Space, seed: int) -> BaseSampler:
    startup = search.startup_trials
    return GPSampler(seed=seed, n_startup_trials=startup, warn_independent_sampling=False)


SAMPLERS.register("gp", Sampler(_create, package="torch", extra="gp", begins_in_the_middle=True))
