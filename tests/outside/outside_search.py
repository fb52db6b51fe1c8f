"""A sampler and a pruner, from outside: Optuna's genetic algorithm, and its threshold."""

from optuna.pruners import ThresholdPruner
from optuna.samplers import NSGAIISampler

from sweep.search.choices import PRUNERS, SAMPLERS, Sampler

SAMPLERS.register("nsga2", Sampler(lambda search, space, seed: NSGAIISampler(seed=seed)))
PRUNERS.register("threshold", lambda search, epochs: ThresholdPruner(lower=0.99))
