"""The runs of an experiment, or of one sweep: their parameters, their metrics, how they ended."""

import json
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field

import pandas as pd

from sweep.config.metrics import Direction, direction_of
from sweep.errors import UserError
from sweep.results.columns import metrics_of, params_of, tags_of
from sweep.tracking import (
    DECIDED_BY,
    FAILURE,
    TIED_RUNS,
    experiment_of,
    find_sweep_id,
    read_runs,
)

DEFAULT_EXPERIMENT = "sweep"
DATASETS = "dataset."
DATASET, DIGEST = f"{DATASETS}name", f"{DATASETS}digest"
USUAL_METRIC, OTHERWISE = "val/accuracy", "val/loss"
TESTED = ("test/accuracy", "test/loss")
LOGGED_BY_OTHERS = "logged by another program, and not ranked among these"
DIGITS = 8  # of a digest, to tell a few from each other
ENDS = [FAILURE, "duration_seconds", "start_time", "fingerprint", "run_id"]
COLUMNS = {  # of tables of runs, besides what is recorded: nothing recorded has these names there
    *("rank", "tied", "run", "runs", "status", *ENDS, "fingerprints", "run_ids", "p_value"),
    *("seeds", "failed", "pruned", "paused", "killed", "running"),
    *("configuration", "score", "finished", "size", "first", "mean", "std", "epoch"),
}


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
            if nothing else tells different images from each other. One that is called as a column
            or a metric is, as ``rank``, is ``params.rank``.
        metrics: as they are named in the curves, those of the epoch that each run kept: its best
            by validation, or its last where nothing was held out.
        tags: that users have given, under their own names.
        decided: of a sweep with ``seed=auto``, by which metric that was decided, and fingerprints
            of runs of each configuration that may be the best; None of others, and where one of
            these runs is not there any more.
    """

    uri: str | None
    experiment: str
    sweep_id: str | None
    ends: pd.DataFrame
    params: pd.DataFrame
    metrics: pd.DataFrame
    tags: pd.DataFrame = field(default_factory=pd.DataFrame)
    decided: tuple[str, frozenset[str]] | None = None

    @property
    def finished(self) -> "pd.Series[bool]":
        """Which runs are FINISHED, without those of other programs among ours."""
        finished, own = self.ends["status"] == "FINISHED", self.ends["fingerprint"].notna()
        return finished & own if own.any() else finished

    @property
    def usual_metric(self) -> str:
        """What runs are ranked by if nothing is said.

        Those without an accuracy by their loss. Those of one sweep by what all of them monitor, if
        that was measured, and by the test set where nothing was held out.
        """
        known, wanted = self._known_metrics(), [USUAL_METRIC, OTHERWISE]
        if self.sweep_id is not None:
            wanted = [*self._monitored(), *wanted, *TESTED]
        return next((each for each in wanted if each in known), USUAL_METRIC)

    def direction(self, metric: str) -> Direction:
        """Return which end of a metric is better; of a user's own, the runs have it recorded.

        Raises:
            UserError: that is not known, or runs differ in it.
        """
        texts = self.params.get("metrics", pd.Series(dtype=object)).dropna().unique()
        return direction_of(metric, [each for text in texts for each in listed(str(text))])

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

    def _known_metrics(self) -> list[str]:
        return [str(name) for name in self._that_count(self.metrics).dropna(axis=1, how="all")]

    def _monitored(self) -> list[str]:
        """Return what all runs monitor; nothing if they differ, or nobody knows which is better."""
        names = (
            self._that_count(self.params.reindex(columns=["monitor"]))["monitor"].dropna().unique()
        )
        with suppress(UserError):
            if len(names) == 1 and self.direction(str(names[0])):
                return [str(names[0])]
        return []

    def _that_count(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of runs that are FINISHED, or of all while none is."""
        return table[self.finished] if self.finished.any() else table

    def _no_such_metric(self, metric: str) -> str:
        known = self._known_metrics()
        validated = any(each.startswith("val/") for each in known)
        tested = next((each for each in TESTED if each in known), None)
        hint = (
            "; these runs held no images out and were measured on the test set after every epoch: "
            f"rank them with --metric {tested}"
            if metric.startswith("val/") and tested and not validated
            else ""
        )
        there = ", ".join(known) or "none"
        return f"no finished run has the metric {metric}; there are: {there}{hint}"


def listed(text: str) -> list[str]:
    """Return the entries of a list as it is recorded; none if it is no list."""
    with suppress(ValueError):
        found = json.loads(text)
        return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []
    return []


def recorded_runs(
    tracking_uri: str | None, experiment: str | None, sweep: str | None
) -> RecordedRuns:
    """Return the runs of an experiment, or of one sweep.

    Args:
        tracking_uri: of the record; None for the default one.
        experiment: MLflow's; None for that of the sweep, or else ``sweep``.
        sweep: the id of its parent run, the beginning of it, or its name; None for all runs.

    Raises:
        UserError: there is no such record, or it has no runs; or several sweeps may be meant.
    """
    sweep = find_sweep_id(tracking_uri, sweep) if sweep else None
    if experiment is None:
        experiment = experiment_of(tracking_uri, sweep) if sweep else DEFAULT_EXPERIMENT
    runs = read_runs(tracking_uri, experiment, sweep)
    if runs.empty:
        raise UserError(f"experiment {experiment} has no runs yet")
    return runs_of_table(runs, tracking_uri, experiment, sweep)


def runs_of_table(
    runs: pd.DataFrame, tracking_uri: str | None, experiment: str, sweep: str | None
) -> RecordedRuns:
    """Return runs of which the record's table is known.

    Args:
        runs: as :func:`sweep.tracking.read_runs` returns them; at least one.
        tracking_uri: of the record; None for the default one.
        experiment: MLflow's.
        sweep: the whole id of the sweep that they are of; None if they are of none.
    """
    decided = _decided(runs)
    runs = runs.rename(columns={f"tags.{name}": name for name in (FAILURE, "fingerprint")})
    runs.attrs = {}  # of the sweep: no table of its runs shall have them
    ends = runs.reindex(columns=["run", "status", *ENDS]).astype({FAILURE: "string"})
    if (own := ends["fingerprint"].notna()).any():
        ends[FAILURE] = ends[FAILURE].mask(~own, ends[FAILURE].fillna(LOGGED_BY_OTHERS))
    params = params_of(runs, own)
    if DATASET not in params:  # runs that were not recorded by a sweep
        params[DATASET] = None
    _tell_images_apart(params, runs)
    metrics = _apart(metrics_of(runs), "metrics", COLUMNS)
    params = _apart(params, "params", COLUMNS.union(map(str, metrics)))
    return RecordedRuns(
        uri=tracking_uri,
        experiment=experiment,
        sweep_id=sweep,
        ends=ends,
        params=params,
        metrics=metrics,
        tags=tags_of(runs),
        decided=decided,
    )


def _decided(runs: pd.DataFrame) -> tuple[str, frozenset[str]] | None:
    told = [runs.attrs.get(tag) for tag in (DECIDED_BY, TIED_RUNS)]
    metric, tied = (str(each) if each else "" for each in told)
    keys = frozenset(tied.split())
    # One run stands for each row: a tag has no room for all seeds of many. Where it was deleted,
    # its row would count as out, so that what is left is tested anew.
    finished = runs.loc[runs["status"] == "FINISHED"].get("tags.fingerprint", ())
    return (metric, keys) if metric and keys and keys <= {*finished} else None


def varying_columns(params: pd.DataFrame) -> list[str]:
    """Return the dataset's column, and those in which the rows differ that have them.

    Args:
        params: a row for each run or configuration.
    """
    others = params.drop(columns=DATASET)
    return [DATASET, *(str(name) for name in others if others[name].nunique() > 1)]


def _apart(table: pd.DataFrame, kind: str, taken: Collection[str]) -> pd.DataFrame:
    """Return what is recorded with other names in the place of those that are taken."""
    return table.rename(columns=lambda name: f"{kind}.{name}" if name in taken else name)


def _tell_images_apart(params: pd.DataFrame, runs: pd.DataFrame) -> None:
    """Add the digests of the images where all else that is recorded of them is equal: two folders.

    Where the images lie is not recorded.
    """
    digests = runs.get(f"tags.{DIGEST}", pd.Series(index=runs.index, dtype=object))
    known = [params[name] for name in params if str(name).startswith(DATASETS)]
    if (digests.groupby(known, dropna=False).nunique() > 1).any():
        params[DIGEST] = digests.str[:DIGITS]
