"""``search.sampler=tpe``: tree-structured Parzen estimators, over all values together."""

import warnings

from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, TPESampler

from sweep.config.schema import Search
from sweep.search.choices import SAMPLERS, Sampler
from sweep.search.space import Space


def _create(search: Search, space: Space, seed: int) -> BaseSampler:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # of group
        return TPESampler(
            seed=seed,
            n_startup_trials=search.startup_trials,
            multivariate=True,
            group=space.is_conditional,  # values that the same runs have are taken together
        )


SAMPLERS.register("tpe", Sampler(_create, begins_in_the_middle=True))
