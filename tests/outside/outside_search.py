"""A sampler and a pruner, from outside: Optuna's quasi-random sampler, and its threshold."""

from optuna.pruners import ThresholdPruner
from optuna.samplers import QMCSampler

from sweep.search.choices import PRUNERS, SAMPLERS, Sampler

SAMPLERS.register(
    "halton",
    Sampler(
        lambda search, space, seed: QMCSampler(
            qmc_type="halton", seed=search.seed, warn_asynchronous_seeding=False
        )
    ),
)
PRUNERS.register("threshold", lambda search, epochs: ThresholdPruner(lower=0.99))
