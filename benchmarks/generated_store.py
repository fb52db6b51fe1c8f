"""An MLflow store in a database with many runs as a sweep records them, of which none was trained.

Logged as runs log, one by one, 10,000 runs would take hours. MLflow creates the database; its rows
go in by bulk inserts into MLflow's own tables: runs, params, tags, the metrics of every epoch, and
the latest value of each metric, which is what MLflow searches. Artifacts and the images' entries
are left out. Values are drawn from a seeded generator: a configuration has its own accuracy, and
each of its seeds some noise; some runs are FAILED or KILLED.
"""

import hashlib
import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from mlflow import MlflowClient
from mlflow.store.tracking.dbmodels.models import (
    SqlLatestMetric,
    SqlMetric,
    SqlParam,
    SqlRun,
    SqlTag,
)
from sqlalchemy import create_engine, insert

from sweep.config.compose import load
from sweep.config.params import params
from sweep.tracking import probe

EXPERIMENT = "generated"
EPOCHS, SEEDS = 10, 5
CURVES = (
    *("train/loss", "train/accuracy", "val/loss", "val/accuracy"),
    *("epoch_seconds", "images_per_second"),
)
RATES, DECAYS, MOMENTA = np.geomspace(1e-3, 1, 20), np.geomspace(1e-6, 1e-2, 10), np.arange(10) / 10
BEGIN_MS = 1_700_000_000_000
Rows = dict[Any, list[dict[str, Any]]]  # by MLflow's tables
AT_ONCE = 500  # runs in one insert


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
    experiment = MlflowClient(uri).create_experiment(EXPERIMENT)
    engine = create_engine(uri)
    common = params(load("model=mlp"))
    described = list(_descriptions(runs))
    with engine.begin() as connection:
        for start in range(0, runs, AT_ONCE):
            rows: Rows = {table: [] for table in (SqlRun, SqlParam, SqlTag, SqlMetric)}
            rows[SqlLatestMetric] = []
            for number, own in enumerate(described[start : start + AT_ONCE], start):
                _add(rows, int(experiment), number, common | own)
            for table, entries in rows.items():
                connection.execute(insert(table), entries)
    engine.dispose()


def _descriptions(runs: int) -> Iterator[dict[str, str]]:
    """Yield what is special to each run."""
    grid = product(RATES, DECAYS, MOMENTA, range(SEEDS))
    for _, (lr, wd, momentum, seed) in zip(range(runs), grid, strict=False):
        yield {
            **{"optim.lr": f"{lr:.3g}", "optim.wd": f"{wd:.3g}"},
            **{"optim.momentum": f"{momentum:.1f}", "seed": str(seed)},
        }


def _add(rows: Rows, experiment: int, number: int, own: dict[str, str]) -> None:
    """Add the rows of one run."""
    random = np.random.default_rng(number)
    run_id = random.bytes(16).hex()
    status = random.choice(["FINISHED", "FAILED", "KILLED"], p=[0.96, 0.02, 0.02])
    begin = BEGIN_MS + number * 1000
    rows[SqlRun].append(
        {
            **{"run_uuid": run_id, "name": f"mlp relu mnist_5k optim.lr={own['optim.lr']}"},
            **{"source_type": "UNKNOWN", "source_name": "", "entry_point_name": ""},
            **{"user_id": "root", "status": status, "source_version": ""},
            **{"start_time": begin, "end_time": begin + 900, "lifecycle_stage": "active"},
            **{"artifact_uri": f"./mlruns/{run_id}/artifacts", "experiment_id": experiment},
        }
    )
    tags = {
        **{"mlflow.runName": f"mlp relu mnist_5k optim.lr={own['optim.lr']}"},
        **{"mlflow.user": "root", "mlflow.source.name": "sweep", "mlflow.source.type": "LOCAL"},
        **{"mlflow.source.git.commit": "0" * 40, "sweep.git.dirty": "false"},
        **{"sweep.kind": "run", "mlflow.parentRunId": "0" * 32, "checkpoint_folder": "0" * 16},
        "fingerprint": hashlib.sha256(json.dumps(own).encode()).hexdigest()[:16],
    }
    if status == "FAILED":
        tags["failure_reason"] = "diverged at epoch 3"
    for table, values in ((SqlParam, own), (SqlTag, tags)):
        rows[table] += [{"run_uuid": run_id, "key": k, "value": v} for k, v in values.items()]
    for key, values in _metrics(number, own, random).items():
        points = [
            {
                **{"run_uuid": run_id, "key": key, "value": float(value), "step": step},
                **{"timestamp": begin + 80 * step, "is_nan": False},
            }
            for step, value in enumerate(values, 1)
        ]
        rows[SqlMetric] += points
        rows[SqlLatestMetric].append(points[-1])


def _metrics(
    number: int, own: dict[str, str], random: np.random.Generator
) -> dict[str, "np.ndarray[Any, Any]"]:
    """Return ten metrics, six of them with a value for each epoch."""
    level = 0.97 - 0.02 * abs(np.log10(float(own["optim.lr"])) + 1)
    final = level + 0.003 * random.standard_normal()
    accuracy = final * (1 - np.exp(-np.arange(1, EPOCHS + 1)))
    curves = {key: 1 - accuracy + 0.01 * random.random(EPOCHS) for key in CURVES}
    last = accuracy[-1:]
    return curves | {
        **{"val/accuracy": accuracy, "val_at_best/accuracy": last, "best_epoch": np.array([10])},
        **{"test/accuracy": last - 0.01, "test/loss": 1 - last},
    }
