"""The runs of an experiment, or of one sweep, as a ranked pandas table."""

import pandas as pd

from sweep.config.metrics import DIRECTIONS, Direction
from sweep.errors import UserError
from sweep.results.aggregate import TIE_BREAKERS, merge_seeds
from sweep.results.runs import ENDS, RecordedRuns, recorded_runs, varying_columns
from sweep.results.significance import SIGNIFICANCE, p_values

DECIDED = "decided"  # in attrs: whether ties are those that a sweep with seed=auto has decided


def load_leaderboard(
    experiment: str | None = None,
    sweep: str | None = None,
    metric: str | None = None,
    direction: Direction | None = None,
    tracking_uri: str | None = None,
) -> pd.DataFrame:
    """Return one row for each configuration, the best first; runs that differ only in seed are one.

    Those that cannot be ranked come last, with an empty rank. Columns: ``rank`` (Int64), and as
    :func:`sweep.results.aggregate.merge_seeds` has them: ``run``, ``status``, ``dataset.name``,
    the parameters in which configurations differ, the means of the metrics, ``seeds``, ``failed``,
    ``killed``, ``running``, ``failure_reason``, ``duration_seconds``, ``start_time``,
    ``fingerprint``, ``run_id``; the last four, ``run`` and ``status`` are those of the best seed.

    If a configuration has several seeds, there are also: ``tied``, whether several rows may be the
    best and this is one of them (they have the same rank, 1); beside each metric its standard
    deviation (``val/accuracy_std``; of a sample); ``fingerprints`` and ``run_ids`` of all
    seeds; ``p_value`` against the first row, of :func:`sweep.results.significance.p_values`.

    Of a sweep with ``seed=auto``, ranked by what it was decided by, the rows that may be the best
    come first, whatever the means are of those that were out with fewer seeds.

    Args:
        experiment: MLflow's experiment; None for that of the sweep, or else ``sweep``.
        sweep: the run id of a sweep's parent; None for all runs of the experiment.
        metric: to rank by; None for ``val/accuracy``, or ``val/loss`` where no run has that, and
            of one sweep for what its runs monitor.
        direction: ``max`` or ``min``; None to know it by the metric's name.
        tracking_uri: None for MLFLOW_TRACKING_URI, or else ``sqlite:///mlflow.db``.

    Raises:
        UserError: there is no such record, or no run has that metric.
    """
    runs = recorded_runs(tracking_uri, experiment, sweep)
    return rank_configurations(runs, metric or runs.usual_metric, direction)


def rank_configurations(
    runs: RecordedRuns, metric: str, direction: Direction | None
) -> pd.DataFrame:
    """Return what :func:`load_leaderboard` does, of runs that have been read."""
    ascending = is_ascending(runs, metric, direction)
    table = merge_seeds(runs, metric, ascending)
    score = table.get(metric, pd.Series(float("nan"), table.index))
    tied = _decided(table, runs, metric)
    table = _ranked(table, score, ascending, last=~tied & tied.any())
    table.attrs |= {"metric": metric, DECIDED: bool(tied.any())}
    if not (table["seeds"] > 1).any():
        return table
    return _with_ties(table, metric, _decided(table, runs, metric))


def load_leaderboard_by_seed(
    experiment: str | None = None,
    sweep: str | None = None,
    metric: str | None = None,
    direction: Direction | None = None,
    tracking_uri: str | None = None,
) -> pd.DataFrame:
    """Return one row for each run, the best first.

    Those that cannot be ranked come last, with an empty rank. Columns: ``rank`` (Int64), ``run``,
    ``status``, ``dataset.name``, the parameters in which runs differ, the metrics,
    ``failure_reason``, ``duration_seconds``, ``start_time``, ``fingerprint``, ``run_id``. Metrics
    are those of the epoch that each run kept: its best by validation, or its last where nothing
    was held out. ``attrs["parameters"]`` names the parameters' columns, ``attrs["metric"]`` what
    they are ranked by. Arguments and errors are
    those of :func:`load_leaderboard`.
    """
    runs = recorded_runs(tracking_uri, experiment, sweep)
    return rank_runs(runs, metric or runs.usual_metric, direction)


def rank_runs(runs: RecordedRuns, metric: str, direction: Direction | None) -> pd.DataFrame:
    """Return what :func:`load_leaderboard_by_seed` does, of runs that have been read."""
    ascending = is_ascending(runs, metric, direction)
    score, parameters = runs.of_finished(metric), varying_columns(runs.params)
    columns = [
        runs.ends[["run", "status"]],
        runs.params[parameters],
        runs.metrics.dropna(axis=1, how="all"),
        runs.ends[ENDS],
    ]
    table = pd.concat(columns, axis=1)
    table.attrs |= {"parameters": parameters, "metric": metric}
    return _ranked(table, score, ascending, last=pd.Series(False, table.index))


def is_ascending(runs: RecordedRuns, metric: str, direction: str | None) -> bool:
    """Return whether less of a metric is better.

    Raises:
        UserError: that is not known, or the direction is none.
    """
    direction = direction or runs.direction(metric)
    if direction not in DIRECTIONS:
        raise UserError(f"direction {direction}: allowed is max or min")
    return direction == "min"


def _decided(table: pd.DataFrame, runs: RecordedRuns, metric: str) -> "pd.Series[bool]":
    """Return which rows may be the best, as ``seed=auto`` has decided; none if it has not."""
    by, keys = runs.decided or ("", frozenset())
    if by != metric or "fingerprints" not in table:
        return pd.Series(False, table.index)
    members = table["fingerprints"].fillna("").astype(str)
    return members.map(lambda each: not keys.isdisjoint(each.split())).astype(bool)


def _ranked(
    table: pd.DataFrame, score: "pd.Series[float]", ascending: bool, last: "pd.Series[bool]"
) -> pd.DataFrame:
    """Sort and number. Equal values: by fingerprint, so the same in every store; then by age.

    Args:
        table: of runs or configurations.
        score: of each.
        ascending: whether less of it is better.
        last: of those with a score, which come last whatever it is.
    """
    keys = table[["status", *TIE_BREAKERS]].assign(score=score, unranked=score.isna(), last=last)
    keys = keys.sort_values(
        ["unranked", "last", "score", "status", *TIE_BREAKERS],
        ascending=[True, True, ascending, True, True, True, True],
    )
    result = table.loc[keys.index].reset_index(drop=True)
    ranks = pd.Series(result.index + 1, dtype="Int64")
    result.insert(0, "rank", ranks.mask(keys["unranked"].to_numpy()))
    return result


def _with_ties(table: pd.DataFrame, metric: str, decided: "pd.Series[bool]") -> pd.DataFrame:
    """Mark the rows that cannot be told from the first, and give them its rank.

    Args:
        table: ranked.
        metric: by which it is.
        decided: which rows these are, where that was decided before; none where it was not.
    """
    ranked = table[table["rank"].notna()]
    found = p_values(
        means=ranked[metric].to_numpy(float),
        deviations=ranked[f"{metric}_std"].to_numpy(float),
        seeds=ranked["seeds"].to_numpy(float),
    )
    tied = pd.Series(found >= SIGNIFICANCE, ranked.index, dtype="boolean")
    if decided.any():
        tied = decided[ranked.index].astype("boolean")
    tied.iloc[0] = tied.iloc[1:].any()
    table.insert(1, "tied", tied.reindex(table.index))
    table["rank"] = table["rank"].mask(table["tied"].fillna(False), 1)
    table["p_value"] = pd.Series(found, ranked.index)
    return table
