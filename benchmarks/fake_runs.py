"""MLflow stores with runs as a sweep records them, none of which was trained.

Logged as runs log, one by one, 10,000 runs would take hours. MLflow creates the database; the rows
go in by bulk inserts into MLflow's own tables: runs, params, tags, the metrics of every epoch, and
the latest value of each metric, which is what MLflow searches. Artifacts and the images' entries
are left out. For the benchmarks, and for the tests of tables and reports.
"""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlflow import MlflowClient
from mlflow.store.tracking.dbmodels.models import (
    SqlLatestMetric,
    SqlMetric,
    SqlParam,
    SqlRun,
    SqlTag,
)
from sqlalchemy import create_engine, insert

BEGIN = 1_700_000_000_000  # milliseconds: 2023-11-14, 22:13:20 UTC
AT_ONCE = 500  # runs in one insert
Rows = dict[Any, list[dict[str, Any]]]  # by MLflow's tables


@dataclass
class FakeRun:
    """A run: its params, and the value of each metric after each epoch, from 1 on.

    A metric that is measured once has its epoch and value in ``once``.
    """

    params: dict[str, str] = field(default_factory=dict)
    curves: dict[str, list[float]] = field(default_factory=dict)
    once: dict[str, tuple[int, float]] = field(default_factory=dict)
    status: str = "FINISHED"
    name: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    start_seconds: float = 0.0
    duration_seconds: float = 2.5

    def points(self) -> Iterator[tuple[str, int, float]]:
        """Yield each metric's name, epoch and value, by epoch."""
        for key, values in self.curves.items():
            yield from ((key, step, value) for step, value in enumerate(values, 1))
        yield from ((key, step, value) for key, (step, value) in self.once.items())


def fill(
    uri: str, experiment: str, runs: Sequence[FakeRun], sweep: str | None = None
) -> tuple[list[str], str | None]:
    """Write runs into a database, below a sweep's parent run of this name if there is one.

    Returns:
        The ids of the runs, and that of the parent, which is None without one.
    """
    client = MlflowClient(uri)
    known = client.get_experiment_by_name(experiment)
    number = int(known.experiment_id if known else client.create_experiment(experiment))
    parent = None
    if sweep is not None:
        created = client.create_run(str(number), BEGIN, {"sweep.kind": "sweep"}, sweep)
        parent = created.info.run_id
        client.set_terminated(parent, "FINISHED")
    ids = [uuid.UUID(int=number << 64 | each, version=4).hex for each in range(len(runs))]
    described = list(zip(ids, runs, strict=True))
    engine = create_engine(uri)
    with engine.begin() as connection:
        for start in range(0, len(runs), AT_ONCE):
            tables = (SqlRun, SqlParam, SqlTag, SqlMetric, SqlLatestMetric)
            rows: Rows = {table: [] for table in tables}
            for run_id, run in described[start : start + AT_ONCE]:
                _add(rows, number, run_id, run, parent)
            for table, entries in rows.items():
                if entries:
                    connection.execute(insert(table), entries)
    engine.dispose()
    return ids, parent


def _add(rows: Rows, experiment: int, run_id: str, run: FakeRun, parent: str | None) -> None:
    """Add the rows of one run."""
    begin = BEGIN + round(1000 * run.start_seconds)
    end = None if run.status == "RUNNING" else begin + round(1000 * run.duration_seconds)
    rows[SqlRun].append(
        {
            "run_uuid": run_id,
            "name": run.name or run_id[-4:],
            "status": run.status,
            "start_time": begin,
            "end_time": end,
            "experiment_id": experiment,
            "lifecycle_stage": "active",
            "source_type": "LOCAL",
            "user_id": "somebody",
            "artifact_uri": f"mlruns/{experiment}/{run_id}/artifacts",
        }
    )
    tags = {"sweep.kind": "run", "fingerprint": run_id[-16:], **run.tags}
    if parent:
        tags["mlflow.parentRunId"] = parent
    for table, values in ((SqlTag, tags), (SqlParam, run.params)):
        rows[table] += [
            {"run_uuid": run_id, "key": key, "value": value} for key, value in values.items()
        ]
    latest = {}
    for key, step, value in run.points():
        is_nan = value != value
        latest[key] = {
            "run_uuid": run_id,
            "key": key,
            "step": step,
            "timestamp": begin + 100 * step,
            "value": 0.0 if is_nan else value,
            "is_nan": is_nan,
        }
        rows[SqlMetric].append(latest[key])
    rows[SqlLatestMetric] += latest.values()
