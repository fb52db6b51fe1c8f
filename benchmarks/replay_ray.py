"""Ray Tune's ASHA on the curves of replay.py, with the searches of Optuna and HyperOpt.

    python benchmarks/replay_ray.py --seeds 20      # after make benchmark, or its extra

Ray Tune has no simulator: its trials are actors that report an epoch at once, in the order in which
the machine runs them. So its counts vary a little with the same seed, and a search takes seconds;
hence the fewer seeds.
"""

import logging
import os
import tempfile
from collections.abc import Callable, Sequence
from typing import Any

os.environ["RAY_AIR_NEW_OUTPUT"] = "0"  # or it prints what each trial reports
os.environ["TUNE_DISABLE_AUTO_CALLBACK_LOGGERS"] = "1"  # and writes that three times

import ray
from curve_table import EPOCHS
from curves import CHOICES, LINEAR, LOGARITHMIC
from ray import tune
from ray.tune import Callback, FailureConfig, RunConfig, Stopper, Trainable, TuneConfig, Tuner
from ray.tune.schedulers import ASHAScheduler
from ray.tune.search import Searcher
from ray.tune.search.hyperopt import HyperOptSearch
from ray.tune.search.optuna import OptunaSearch
from replayed import MOST, WORKERS, Curve, Search, replay

SPACE = {
    **{name: tune.loguniform(*ends) for name, ends in LOGARITHMIC.items()},
    **{name: tune.uniform(*ends) for name, ends in LINEAR.items()},
    **{name: tune.choice(list(choices)) for name, choices in CHOICES.items()},
}
METRIC = "accuracy"


class Run(Trainable):
    """A run that reaches what its curve says."""

    def setup(self, config: dict[str, Any], curve: Curve) -> None:
        """Begin."""
        self._ask, self._epoch = curve, 0
        self._reached = curve(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Begin another in the same process."""
        self._epoch, self._reached = 0, self._ask(new_config)
        return True

    def save_checkpoint(self, checkpoint_dir: str) -> dict[str, int]:
        """Return what is kept at the end of a run."""
        return {"epoch": self._epoch}

    def step(self) -> dict[str, float]:
        """Report an epoch."""
        self._epoch += 1
        return {METRIC: self._reached[self._epoch - 1]}


class Reported(Callback, Stopper):
    """Keeps what is reported, and stops when that is enough."""

    def __init__(self, wanted: float) -> None:
        """Take what is wanted."""
        self._wanted, self.accuracies = wanted, []  # type: float, list[float]

    def on_trial_result(
        self, iteration: int, trials: Any, trial: Any, result: Any, **_: Any
    ) -> None:
        """Keep an epoch's."""
        self.accuracies.append(result[METRIC])

    def __call__(self, trial_id: str, result: Any) -> bool:
        """Return whether a trial was trained to its end."""
        return bool(result["training_iteration"] >= EPOCHS)

    def stop_all(self) -> bool:
        """Return whether that is enough."""
        return len(self.accuracies) >= MOST or max(self.accuracies, default=0) >= self._wanted


def search(searcher: Callable[[int], Searcher | None]) -> Search:
    """Return ASHA with the searcher that this returns for a seed."""

    def found(curve: Curve, seed: int, wanted: float) -> Sequence[float]:
        if not ray.is_initialized():
            ray.init(
                "local",
                num_cpus=WORKERS,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
        reported = Reported(wanted)
        with tempfile.TemporaryDirectory() as folder:
            Tuner(
                tune.with_parameters(Run, curve=curve),
                param_space=SPACE,
                tune_config=TuneConfig(
                    metric=METRIC,
                    mode="max",
                    search_alg=searcher(seed),
                    scheduler=ASHAScheduler(max_t=EPOCHS, grace_period=1, reduction_factor=3),
                    num_samples=MOST,
                    max_concurrent_trials=WORKERS,
                    reuse_actors=True,
                ),
                run_config=RunConfig(
                    storage_path=folder,
                    stop=reported,
                    callbacks=[reported],
                    failure_config=FailureConfig(fail_fast="raise"),
                    verbose=0,
                ),
            ).fit()
        return reported.accuracies

    return found


SEARCHES: dict[str, Search] = {
    "Ray Tune: ASHA, Optuna": search(lambda seed: OptunaSearch(seed=seed)),
    "Ray Tune: ASHA, HyperOpt": search(lambda seed: HyperOptSearch(random_state_seed=seed)),
}

if __name__ == "__main__":
    replay(SEARCHES, "ray", __doc__)
