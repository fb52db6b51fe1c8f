"""The runs of an experiment, or of one sweep: their parameters, their metrics, how they ended."""

from contextlib import suppress
from dataclasses import dataclass

import pandas as pd

from sweep.config.metrics import at_best
from sweep.errors import UserError
from sweep.results.values import as_numbers
from sweep.tracking import FAILURE, read_runs

DATASETS = "dataset."
DATASET, DIGEST = f"{DATASETS}name", f"{DATASETS}digest"
DIGITS = 8  # of a digest, to tell a few from each other
ENDS = [FAILURE, "duration_seconds", "start_time", "fingerprint", "run_id"]
METRICS = (
    "val/accuracy",
    "test/accuracy",
    "val/loss",
    "test/loss",
    "train/accuracy",
    "train/loss",
    "best_epoch",
    "epoch_seconds",
    "images_per_second",
)


@dataclass(frozen=True)
class RecordedRuns:
    """Runs, read from the record once, each a row of three tables with the same index.

    Attributes:
        uri: of the record; None for the default one.
        experiment: MLflow's.
        sweep_id: the run id of the sweep's parent; None for all runs of the experiment.
        ends: ``run``, ``status``, ``failure_reason``, ``duration_seconds``, ``start_time``,
            ``fingerprint``, ``run_id``.
        params: under their own names, as numbers where all are numbers; and ``dataset.digest``,
            if nothing else tells different images from each other.
        metrics: as they are named in the curves, those of the epoch that each run kept: its best
            by validation, or its last where nothing was held out.
    """

    uri: str | None
    experiment: str
    sweep_id: str | None
    ends: pd.DataFrame
    params: pd.DataFrame
    metrics: pd.DataFrame

    @property
    def finished(self) -> "pd.Series[bool]":
        """Which runs are FINISHED."""
        return self.ends["status"] == "FINISHED"

    def of_finished(self, metric: str) -> "pd.Series[float]":
        """Return a metric of the runs that are FINISHED; NaN for the others.

        Raises:
            UserError: there are FINISHED runs, and none has that metric.
        """
        values = self.metrics.get(metric, pd.Series(float("nan"), self.metrics.index))
        found = values.where(self.finished)
        if self.finished.any() and found.isna().all():
            raise UserError(self._no_such_metric(metric))
        return found

    def _no_such_metric(self, metric: str) -> str:
        known = [str(name) for name in self.metrics.dropna(axis=1, how="all")]
        hint = (
            "; these runs held no images out and were measured on the test set after every epoch: "
            "rank them with --metric test/accuracy"
            if metric.startswith("val/") and "test/accuracy" in known
            else ""
        )
        there = ", ".join(known) or "none"
        return f"no finished run has the metric {metric}; there are: {there}{hint}"


def recorded_runs(tracking_uri: str | None, experiment: str, sweep: str | None) -> RecordedRuns:
    """Return the runs of an experiment, or of one sweep by its parent's run id.

    Raises:
        UserError: there is no such record, or it has no runs.
    """
    runs = read_runs(tracking_uri, experiment, sweep)
    if runs.empty:
        raise UserError(f"experiment {experiment} has no runs yet")
    runs = runs.rename(columns={f"tags.{name}": name for name in (FAILURE, "fingerprint")})
    ends = runs.reindex(columns=["run", "status", *ENDS]).astype({FAILURE: "string"})
    params = _params(runs)
    if DATASET not in params:  # runs that were not recorded by a sweep
        params[DATASET] = None
    _tell_images_apart(params, runs)
    return RecordedRuns(
        uri=tracking_uri,
        experiment=experiment,
        sweep_id=sweep,
        ends=ends,
        params=params,
        metrics=_metrics(runs),
    )


def varying_columns(params: pd.DataFrame) -> list[str]:
    """Return the dataset's column, and those in which the rows differ that have them.

    Args:
        params: a row for each run or configuration.
    """
    others = params.drop(columns=DATASET)
    return [DATASET, *(str(name) for name in others if others[name].nunique() > 1)]


def _tell_images_apart(params: pd.DataFrame, runs: pd.DataFrame) -> None:
    """Add the digests of the images where all else that is recorded of them is equal: two folders.

    Where the images lie is not recorded.
    """
    digests = runs.get(f"tags.{DIGEST}", pd.Series(index=runs.index, dtype=object))
    known = [params[name] for name in params if str(name).startswith(DATASETS)]
    if (digests.groupby(known, dropna=False).nunique() > 1).any():
        params[DIGEST] = digests.str[:DIGITS]


def _params(runs: pd.DataFrame) -> pd.DataFrame:
    table = _having(runs, "params.")
    for name in table:
        with suppress(ValueError, TypeError):  # what is no number stays text
            table[name] = as_numbers(table[name])
    return table


def _metrics(runs: pd.DataFrame) -> pd.DataFrame:
    logged = _having(runs, "metrics.")
    curves = [str(name) for name in logged if "_at_best/" not in str(name)]
    table = logged[sorted(curves, key=lambda name: (*METRICS, *curves).index(name))].copy()
    for name in curves:
        if at_best(name) in logged:
            table[name] = logged[at_best(name)].fillna(logged[name])
    return table.astype({"best_epoch": "Int64"} if "best_epoch" in table else {})


def _having(runs: pd.DataFrame, prefix: str) -> pd.DataFrame:
    found = runs[[name for name in runs if str(name).startswith(prefix)]]
    return found.rename(columns=lambda name: name.removeprefix(prefix))
