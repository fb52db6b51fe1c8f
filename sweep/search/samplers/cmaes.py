"""``search.sampler=cmaes``: covariance matrix adaptation, for numbers and one objective.

Its state is of values: what pruned trials had after some epoch would be none of them. It learns
from its own generations alone: runs that were known before would only end its random start.
"""

from optuna.samplers import BaseSampler, CmaEsSampler

from sweep.config.schema import Search
from sweep.search.choices import SAMPLERS, Sampler
from sweep.search.space import Space


def _create(search: Search, space: Space, seed: int) -> BaseSampler:
    startup = search.startup_trials
    return CmaEsSampler(seed=seed, n_startup_trials=startup, warn_independent_sampling=False)


SAMPLERS.register(
    "cmaes",
    Sampler(
        _create,
        package="cmaes",
        several_objectives=False,
        compares_pruned=False,
        learns_from_all=False,
    ),
)
