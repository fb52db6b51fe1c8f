"""How many epochs a search needs, by what its pruner does: simulated, nothing is trained.

python -m benchmarks.halving [--seeds 50]

Curves of validation accuracy are made up: five values in [0, 1] decide where a curve ends and how
fast it gets there, with a little noise in each epoch. A search is to find a run as good as the best
of a random search of 32 full runs, whose seed is another one. Counted are the epochs of all runs
until then, one run after the other. Those that have not got there after all the random search's
epochs count as 1.
"""

import argparse
import math
import statistics
import zlib
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import optuna
from optuna.distributions import FloatDistribution
from optuna.trial import FrozenTrial, Trial, TrialState

from sweep.config.compose import load
from sweep.config.ranges import parse_overrides
from sweep.config.schema import Search
from sweep.search.choices import SAMPLERS
from sweep.search.multifidelity import comparable
from sweep.search.pausing import GOAL, Pauses, stopping
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


def target(seed: int) -> float:
    """Return the best of a random search."""
    generator = np.random.default_rng([seed, 1])
    return max(max(curve(generator.random(DIMENSIONS), seed)) for _ in range(FULL_RUNS))


class Simulated:
    """A search in memory, that trains one run after the other."""

    def __init__(self, search: Search, space: Space, seed: int) -> None:
        """Take its settings."""
        self._search, self._space, self._seed = search, space, seed
        self._pauses = Pauses(search, EPOCHS)
        self._pruner = stopping(search, EPOCHS)
        self._study = optuna.create_study(direction="maximize", pruner=self._pruner)
        self._bounds = {name: FloatDistribution(0.0, 1.0) for name in NAMES}

    def accuracies(self) -> Iterator[float]:
        """Yield what each epoch reaches that is trained."""
        while True:
            trials = self._study.get_trials(deepcopy=False)
            found = self._pauses.promotion(trials, maximize=True, busy=())
            if found:
                self._study._storage.set_trial_user_attr(found.trial._trial_id, GOAL, found.goal)
                yield from self._train(found.trial.number)
            else:
                yield from self._train(self._ask(trials))

    def _ask(self, trials: list[FrozenTrial]) -> int:
        seed = zlib.crc32(f"{self._seed} {len(trials)}".encode())
        told = [self._pauses.as_sampled(each) for each in trials]
        if self._search.pruner:
            told = comparable(told, self._search, EPOCHS, DIMENSIONS)
        sampler = SAMPLERS[self._search.sampler].create(self._search, self._space, seed)
        memory = optuna.create_study(direction="maximize", sampler=sampler, pruner=self._pruner)
        memory.add_trials(told)
        memory.ask(self._bounds)
        self._study.add_trial(memory.get_trials(deepcopy=False)[-1])
        return len(trials)

    def _train(self, number: int) -> Iterator[float]:
        known = self._study.get_trials(deepcopy=False)[number]
        trial, goal = Trial(self._study, known._trial_id), self._pauses.goal(known)
        values = curve(np.array([known.params[name] for name in NAMES]), self._seed)
        for epoch in range((known.last_step or 0) + 1, EPOCHS + 1):
            yield values[epoch - 1]
            trial.report(values[epoch - 1], epoch)
            if epoch == goal < EPOCHS:
                return
            if epoch < EPOCHS and trial.should_prune():
                self._study.tell(number, state=TrialState.PRUNED)
                return
        self._study.tell(number, max(values))


def share(search: Search, space: Space, seed: int) -> float:
    """Return the share of the random search's epochs after which a search is as good."""
    wanted, most = target(seed), FULL_RUNS * EPOCHS
    for epochs, accuracy in enumerate(Simulated(search, space, seed).accuracies(), 1):
        if accuracy >= wanted:
            return epochs / most
        if epochs == most:
            break
    return 1.0


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
