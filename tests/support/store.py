"""An MLflow store with runs that nobody trained."""

from mlflow import MlflowClient
from mlflow.entities import Metric, Param
from record import new_record

from sweep.commands.cli import run
from sweep.commands.leaderboard import leaderboard
from sweep.results.leaderboard import load_leaderboard, load_leaderboard_by_seed

BEGIN = 1_700_000_000_000  # milliseconds


class Store:
    """An MLflow store that is filled without training anything."""

    def __init__(self, folder):
        self.uri = new_record(folder)
        self.client = MlflowClient(self.uri)
        self.created = 0

    def run(
        self, experiment, status="FINISHED", params=(), metrics=(), parent=None, name=None, **tags
    ):
        """Record a run; a metric is a number, or a list with one for each step from 1 on."""
        known = self.client.get_experiment_by_name(experiment)
        number = known.experiment_id if known else self.client.create_experiment(experiment)
        tags.setdefault("sweep.kind", "run")
        tags.setdefault("fingerprint", f"{self.created:016x}")
        if parent:
            tags["mlflow.parentRunId"] = parent
        self.created += 1
        begin = tags.pop("begin", BEGIN + 1000 * self.created)
        run = self.client.create_run(number, begin, tags, name or f"run {self.created}")
        run_id = run.info.run_id
        values = {"dataset.name": "mnist_5k", "model.name": "mlp", **dict(params)}
        points = [
            Metric(key, value, begin, step)
            for key, found in dict(metrics).items()
            for step, value in enumerate(found if isinstance(found, list) else [found], 1)
        ]
        self.client.log_batch(
            run_id, points, [Param(key, str(value)) for key, value in values.items()]
        )
        if status != "RUNNING":
            self.client.set_terminated(run_id, status, begin + 2500)
        return run_id

    def table(self, experiment, **options):
        return load_leaderboard(experiment, tracking_uri=self.uri, **options)

    def by_seed(self, experiment, **options):
        return load_leaderboard_by_seed(experiment, tracking_uri=self.uri, **options)

    def main(self, experiment, *arguments):
        given = ["--tracking-uri", self.uri, "--experiment", experiment, *arguments]
        return run(leaderboard, given)
