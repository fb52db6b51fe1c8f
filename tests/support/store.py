"""An MLflow store with runs that nobody trained."""

import uuid

from mlflow import MlflowClient
from mlflow.store.tracking.dbmodels.models import (
    SqlExperiment,
    SqlLatestMetric,
    SqlMetric,
    SqlParam,
    SqlRun,
    SqlTag,
)
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from record import new_record
from sqlalchemy import NullPool, create_engine, insert, select

from sweep.commands.cli import run
from sweep.commands.leaderboard import leaderboard
from sweep.results.leaderboard import load_leaderboard, load_leaderboard_by_seed

BEGIN = 1_700_000_000_000  # milliseconds


class Store:
    """An MLflow store that is filled without training anything."""

    def __init__(self, folder):
        self.uri = new_record(folder)
        self.client = MlflowClient(self.uri)
        self.engine = create_engine(self.uri, poolclass=NullPool)
        self.created = 0

    def run(
        self, experiment, status="FINISHED", params=(), metrics=(), parent=None, name=None, **tags
    ):
        """Record a run; a metric is a number, or a list with one for each step from 1 on.

        It goes into MLflow's tables at once, as MLflow writes it in a tenth of the time:
        see tests/unit/tracking/test_store.py.
        """
        tags.setdefault("sweep.kind", "run")
        tags.setdefault("fingerprint", f"{self.created:016x}")
        if parent:
            tags["mlflow.parentRunId"] = parent
        self.created += 1
        begin = tags.pop("begin", BEGIN + 1000 * self.created)
        tags["mlflow.runName"] = name or f"run {self.created}"
        params = {"dataset.name": "mnist_5k", "model.name": "mlp", **dict(params)}
        run_id = uuid.uuid4().hex
        number, place = self._experiment(experiment)
        described = {
            "run_uuid": run_id,
            "name": tags["mlflow.runName"],
            "experiment_id": number,
            "artifact_uri": f"{place}/{run_id}/artifacts",
            "status": status,
            "start_time": begin,
            "end_time": None if status == "RUNNING" else begin + 2500,
            "lifecycle_stage": "active",
            "user_id": tags.get("mlflow.user", "unknown"),
            "source_type": "UNKNOWN",
            **dict.fromkeys(("source_name", "source_version", "entry_point_name"), ""),
        }
        points, last = self._points(run_id, begin, dict(metrics))
        rows = {
            SqlRun: [described],
            SqlTag: _texts(run_id, tags),
            SqlParam: _texts(run_id, params),
            SqlMetric: points,
            SqlLatestMetric: last,
        }
        with self.engine.begin() as connection:
            for table, each in rows.items():
                if each:
                    connection.execute(insert(table), each)
        return run_id

    def _experiment(self, name):
        """Return an experiment's number and the folder of its artifacts."""
        asked = select(SqlExperiment.experiment_id, SqlExperiment.artifact_location)
        with self.engine.connect() as connection:
            found = connection.execute(asked.where(SqlExperiment.name == name)).one_or_none()
        if found is None:
            self.client.create_experiment(name)
            return self._experiment(name)
        return found

    def _points(self, run_id, begin, metrics):
        """Return the rows of all values, and those of each metric's last."""
        found, last = [], []
        for key, values in metrics.items():
            for step, each in enumerate(values if isinstance(values, list) else [values], 1):
                is_nan, value = SqlAlchemyStore.sanitize_metric_value(None, each)
                found.append(
                    {"run_uuid": run_id, "key": key, "value": value, "is_nan": is_nan}
                    | {"timestamp": begin, "step": step}
                )
            last += found[-1:] if values != [] else []
        return found, last

    def table(self, experiment, **options):
        return load_leaderboard(experiment, tracking_uri=self.uri, **options)

    def by_seed(self, experiment, **options):
        return load_leaderboard_by_seed(experiment, tracking_uri=self.uri, **options)

    def main(self, experiment, *arguments):
        given = ["--tracking-uri", self.uri, "--experiment", experiment, *arguments]
        return run(leaderboard, given)


def _texts(run_id, values):
    """Return the rows of tags or of params."""
    return [{"run_uuid": run_id, "key": key, "value": str(value)} for key, value in values.items()]
