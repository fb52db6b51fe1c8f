"""Syne Tune's ASHA and MOBSTER on the curves of replay.py, by its simulator.

    python -m venv peers && peers/bin/pip install -r benchmarks/replay_syne_tune.txt
    peers/bin/python benchmarks/replay_syne_tune.py

0.14.2 is the last release that has MOBSTER, and it asks for an older NumPy than this program. The
simulator has a table as its documentation says (``UserBlackboxBackend``); an epoch takes a minute.
Of both there are two kinds: that which stops runs for good is Syne Tune's default, the other pauses
them.
"""

import io
import logging
import os
import tempfile
from collections.abc import Sequence
from contextlib import redirect_stdout
from typing import Any

os.environ["SYNETUNE_FOLDER"] = tempfile.mkdtemp()  # what its tuner writes is not needed

import numpy as np
from curve_table import EPOCHS
from curves import CHOICES, LINEAR, LOGARITHMIC
from replayed import MOST, WORKERS, Curve, Search, replay
from syne_tune import StoppingCriterion, Tuner
from syne_tune.backend.simulator_backend.simulator_callback import SimulatorCallback
from syne_tune.blackbox_repository import UserBlackboxBackend
from syne_tune.blackbox_repository.blackbox import Blackbox
from syne_tune.config_space import choice, loguniform, randint, uniform
from syne_tune.optimizer.legacy_baselines import ASHA, MOBSTER

SPACE = {
    **{name: loguniform(*ends) for name, ends in LOGARITHMIC.items()},
    **{name: uniform(*ends) for name, ends in LINEAR.items()},
    **{name: choice(list(choices)) for name, choices in CHOICES.items()},
}
METRIC, SECONDS, EPOCH, LAST = "accuracy", "elapsed_seconds", "epoch", "epochs"
EPOCH_SECONDS = 60.0


class Curves(Blackbox):
    """The curves, as Syne Tune has those of its repository."""

    def __init__(self, curve: Curve) -> None:
        """Take what runs reach."""
        epochs = {EPOCH: randint(1, EPOCHS)}
        super().__init__(SPACE, epochs, objectives_names=[METRIC, SECONDS])
        self._curve = curve

    def _objective_function(
        self, configuration: dict[str, Any], fidelity: Any = None, seed: int | None = None
    ) -> Any:
        seconds = EPOCH_SECONDS * np.arange(1, EPOCHS + 1)
        return np.stack([self._curve(configuration), seconds], axis=1)

    @property
    def fidelity_values(self) -> Any:
        """The epochs after which something is reported."""
        return np.arange(1, EPOCHS + 1)


class Reported(SimulatorCallback):
    """Keeps what is reported, in the order of the simulated time."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.accuracies: list[float] = []

    def on_trial_result(self, trial: Any, status: str, result: Any, decision: str) -> None:
        """Keep an epoch's."""
        super().on_trial_result(trial, status, result, decision)
        self.accuracies.append(result[METRIC])


def search(scheduler: type, kind: str, **options: Any) -> Search:
    """Return a search with a scheduler of this type."""

    def found(curve: Curve, seed: int, wanted: float) -> Sequence[float]:
        logging.disable(logging.WARNING)
        reported = Reported()
        tuner = Tuner(
            trial_backend=UserBlackboxBackend(Curves(curve), SECONDS, max_resource_attr=LAST),
            scheduler=scheduler(
                {**SPACE, LAST: EPOCHS},
                metric=METRIC,
                mode="max",
                resource_attr=EPOCH,
                max_resource_attr=LAST,
                type=kind,
                grace_period=1,
                reduction_factor=3,
                random_seed=seed,
                **options,
            ),
            stop_criterion=StoppingCriterion(
                max_num_evaluations=MOST, max_metric_value={METRIC: wanted}
            ),
            n_workers=WORKERS,
            sleep_time=0,
            callbacks=[reported],
            save_tuner=False,
        )
        with redirect_stdout(io.StringIO()):  # of its progress
            tuner.run()
        return reported.accuracies

    return found


QUIET = {"search_options": {"debug_log": False}}
SEARCHES: dict[str, Search] = {
    "Syne Tune: ASHA": search(ASHA, "stopping", **QUIET),
    "Syne Tune: ASHA, promotion": search(ASHA, "promotion", **QUIET),
    "Syne Tune: MOBSTER": search(MOBSTER, "stopping", **QUIET),
    "Syne Tune: MOBSTER, promotion": search(MOBSTER, "promotion", **QUIET),
    "Syne Tune: MOBSTER, promotion, random from the first run on": search(
        MOBSTER, "promotion", points_to_evaluate=[], **QUIET
    ),
}

if __name__ == "__main__":
    replay(SEARCHES, "syne-tune", __doc__)
