"""A store with many runs as a sweep records them, of which none was trained.

Values are drawn from a seeded generator: a configuration has its own accuracy, and each of its
seeds some noise; some runs are FAILED or KILLED.
"""

import hashlib
import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import fake_runs
import numpy as np
from fake_runs import FakeRun

from sweep.config.compose import load
from sweep.config.params import params
from sweep.tracking import probe

EXPERIMENT = "generated"
EPOCHS, SEEDS = 10, 5
CURVES = (
    "train/loss",
    "train/accuracy",
    "val/loss",
    "val/accuracy",
    "epoch_seconds",
    "images_per_second",
)
RATES, DECAYS, MOMENTA = np.geomspace(1e-3, 1, 20), np.geomspace(1e-6, 1e-2, 10), np.arange(10) / 10
TAGS = {  # that every run has, whatever became of it
    "mlflow.user": "root",
    "mlflow.source.name": "sweep",
    "mlflow.source.type": "LOCAL",
    "mlflow.source.git.commit": "0" * 40,
    "sweep.git.dirty": "false",
    "mlflow.parentRunId": "0" * 32,
    "checkpoint_folder": "0" * 16,
}


def generate(file: Path, runs: int) -> str:
    """Write a store with so many runs into a new SQLite file, and return its address."""
    fill(uri := f"sqlite:///{file}", runs)
    return uri


def fill(uri: str, runs: int) -> None:
    """Write runs into a database.

    Args:
        uri: its address.
        runs: how many; five seeds of each configuration, one after another.
    """
    probe(uri)
    common = params(load("model=mlp"))
    described = enumerate(_descriptions(runs))
    fake_runs.fill(uri, EXPERIMENT, [_run(number, common | own) for number, own in described])


def _descriptions(runs: int) -> Iterator[dict[str, str]]:
    """Yield what is special to each run."""
    grid = product(RATES, DECAYS, MOMENTA, range(SEEDS))
    for _, (lr, wd, momentum, seed) in zip(range(runs), grid, strict=False):
        yield {
            "optim.lr": f"{lr:.3g}",
            "optim.wd": f"{wd:.3g}",
            "optim.momentum": f"{momentum:.1f}",
            "seed": str(seed),
        }


def _run(number: int, own: dict[str, str]) -> FakeRun:
    """Return a run with ten metrics, six of them with a value for each epoch."""
    random = np.random.default_rng(number)
    status = str(random.choice(["FINISHED", "FAILED", "KILLED"], p=[0.96, 0.02, 0.02]))
    level = 0.97 - 0.02 * abs(np.log10(float(own["optim.lr"])) + 1)
    final = level + 0.003 * random.standard_normal()
    accuracy = final * (1 - np.exp(-np.arange(1, EPOCHS + 1)))
    curves = {key: list(1 - accuracy + 0.01 * random.random(EPOCHS)) for key in CURVES}
    curves["val/accuracy"] = list(accuracy)
    last = float(accuracy[-1])
    name = f"mlp relu mnist_5k optim.lr={own['optim.lr']}"
    tags = {
        **TAGS,
        "mlflow.runName": name,
        "fingerprint": hashlib.sha256(json.dumps(own).encode()).hexdigest()[:16],
    }
    if status == "FAILED":
        tags["failure_reason"] = "diverged at epoch 3"
    return FakeRun(
        params=own,
        curves={key: [float(value) for value in values] for key, values in curves.items()},
        once={
            "val_at_best/accuracy": (EPOCHS, last),
            "best_epoch": (EPOCHS, float(EPOCHS)),
            "test/accuracy": (EPOCHS, last - 0.01),
            "test/loss": (EPOCHS, 1 - last),
        },
        status=status,
        name=name,
        tags=tags,
        start_seconds=number,
        duration_seconds=0.9,
    )
