"""How many epochs a search needs until it is as good as 32 random full runs: replayed.

    python benchmarks/replay.py [--curves rough] [--n-jobs 2]

Nothing is trained: what a run reaches after each epoch comes from curves that were (curves.py). Two
workers take turns, an epoch each. A search is to find a run as good as the best of a random search
of 32 full runs, whose values are other ones; counted are the epochs of all runs until then, 288 at
most. Replayed are this program's samplers and pruners, and Optuna's own. The other programs are in
replay_syne_tune.py and replay_ray.py. Writes ``results/replay-sweep.csv``, and prints
the table of all.
"""

from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import optuna
from curve_table import EPOCHS
from optuna.pruners import BasePruner, HyperbandPruner, SuccessiveHalvingPruner
from optuna.samplers import TPESampler
from replayed import WORKERS, Curve, Search, replay
from search import SPACE
from simulated import Optunas, Ours, accuracies, copy_shallowly

from sweep.config.compose import load
from sweep.config.ranges import parse_overrides
from sweep.search.space import space_of

SAMPLERS = ("random", "tpe", *(["gp"] if find_spec("torch") else []))  # the last has its extra
PRUNERS = (None, "stop_asha", "asha", "stop_hyperband", "hyperband")
FACTOR = 3  # what all searches have: one run in so many goes on to so many times the epochs

SEARCH = load().search
FOUND = space_of(parse_overrides(SPACE))


def ours(sampler: str, pruner: str | None, **changes: Any) -> Search:
    """Return a search of this program."""
    settings = replace(SEARCH, sampler=sampler, pruner=pruner, **changes)

    def search(curve: Curve, seed: int, wanted: float) -> Iterator[float]:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        copy_shallowly()
        return accuracies(Ours(settings, FOUND, curve, EPOCHS, seed), WORKERS)

    return search


def optunas(pruner: BasePruner) -> Search:
    """Return a study of Optuna's with its own sampler, which has not to be named."""

    def search(curve: Curve, seed: int, wanted: float) -> Iterator[float]:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        copy_shallowly()
        return accuracies(
            Optunas(TPESampler(seed=seed), pruner, FOUND, curve, f"replay {seed}"), WORKERS
        )

    return search


SEARCHES: dict[str, Search] = {
    **{
        f"{sampler}, {pruner or 'no pruner'}": ours(sampler, pruner)
        for sampler in SAMPLERS
        for pruner in PRUNERS
    },
    "tpe, asha, search.startup_trials=5": ours("tpe", "asha", startup_trials=5),
    "Optuna: TPE, SuccessiveHalvingPruner": optunas(SuccessiveHalvingPruner(1, FACTOR)),
    "Optuna: TPE, SuccessiveHalvingPruner as it is": optunas(SuccessiveHalvingPruner()),
    "Optuna: TPE, HyperbandPruner": optunas(HyperbandPruner(1, EPOCHS, FACTOR)),
}

if __name__ == "__main__":
    replay(SEARCHES, "sweep", __doc__)
