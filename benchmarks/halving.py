"""How many epochs a search needs, by what its pruner does: simulated, nothing is trained.

    python benchmarks/halving.py [--seeds 50]

Curves of validation accuracy are made up: five values in [0, 1] decide where a curve ends and how
fast it gets there, with a little noise in each epoch. A search is to find a run as good as the best
of a random search of 32 full runs, whose seed is another one. Counted are the epochs of all runs
until then, one run after the other. Those that have not got there after all the random search's
epochs count as 1. Curves that were trained are in replay.py.
"""

import argparse
import math
import statistics
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import optuna
from replayed import epochs_until
from simulated import Ours, accuracies

from sweep.config.compose import load
from sweep.config.ranges import parse_overrides
from sweep.config.schema import Search
from sweep.search.space import Space, space_of

EPOCHS, FULL_RUNS, DIMENSIONS = 9, 32, 5
NOISE = 0.002  # the standard error of an accuracy near 0.9 of 30,000 images
PRUNERS = (None, "stop_asha", "asha", "stop_hyperband", "hyperband")
BEST = np.array([0.3, 0.6, 0.8, 0.4, 0.5])
WEIGHTS = np.array([0.30, 0.12, 0.06, 0.04, 0.02])
NAMES = [f"optim.{name}" for name in ("lr", "wd", "momentum", "nesterov", "clip")]


def curve(values: np.ndarray, seed: int) -> list[float]:
    """Return the accuracies after each epoch."""
    noise = np.random.default_rng([seed, *(values * 1e6).astype(int)])
    end = 0.9 - float(WEIGHTS @ (values - BEST) ** 2) * 2
    rate = 0.7 + 1.3 * values[0]  # what learns fast at first is not what gets furthest
    epochs = np.arange(1, EPOCHS + 1)
    return list(end - 0.3 * epochs**-rate + NOISE * noise.standard_normal(EPOCHS))


def curve_of(values: Mapping[str, float], seed: int) -> list[float]:
    """Return the accuracies after each epoch, of values by their names."""
    return curve(np.array([values[name] for name in NAMES]), seed)


def target(seed: int) -> float:
    """Return the best of a random search."""
    generator = np.random.default_rng([seed, 1])
    return max(max(curve(generator.random(DIMENSIONS), seed)) for _ in range(FULL_RUNS))


def share(search: Search, space: Space, seed: int) -> float:
    """Return the share of the random search's epochs after which a search is as good."""
    simulated = Ours(search, space, partial(curve_of, seed=seed), EPOCHS, seed)
    most = FULL_RUNS * EPOCHS
    return epochs_until(target(seed), accuracies(simulated, workers=1), most) / most


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=50)
    seeds = range(parser.parse_args().seeds)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    space = space_of(parse_overrides([f"{name}=interval(0,1)" for name in NAMES]))
    print("| `search.pruner` | random | TPE |\n| --- | ---: | ---: |")
    for pruner in PRUNERS:
        cells = []
        for sampler in ("random", "tpe"):
            search = replace(load().search, pruner=pruner, sampler=sampler)
            shares = [share(search, space, seed) for seed in seeds]
            missed = sum(each == 1.0 for each in shares)
            quarters = statistics.quantiles(shares, n=4) if len(shares) > 1 else [math.nan] * 3
            cells.append(
                f"{statistics.median(shares):.2f} ({quarters[0]:.2f} to {quarters[2]:.2f}; "
                f"{missed} not)"
            )
        print(f"| `{pruner or 'null'}` | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
