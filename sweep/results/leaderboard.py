"""The runs of an experiment, or of one sweep, as a ranked pandas table.

python -m sweep.leaderboard --sweep ID --output leaderboard.csv
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from sweep.commands.champion import register_best
from sweep.config.metrics import DIRECTIONS, Direction, direction_of
from sweep.display.leaderboard import ROWS, show_best, show_leaderboard
from sweep.errors import UserError
from sweep.results.aggregate import TIE_BREAKERS, merge_seeds
from sweep.results.export import WRITERS, export, known_suffix
from sweep.results.runs import ENDS, RecordedRuns, recorded_runs, varying_columns
from sweep.results.significance import SIGNIFICANCE, p_values

DEFAULT_EXPERIMENT = "sweep"
DEFAULT_METRIC = "val/accuracy"


def leaderboard(
    experiment: str = DEFAULT_EXPERIMENT,
    sweep: str | None = None,
    metric: str = DEFAULT_METRIC,
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

    Args:
        experiment: MLflow's experiment.
        sweep: the run id of a sweep's parent; None for all runs of the experiment.
        metric: to rank by.
        direction: ``max`` or ``min``; None to know it by the metric's name.
        tracking_uri: None for MLFLOW_TRACKING_URI, or else ``sqlite:///mlflow.db``.

    Raises:
        UserError: there is no such record, or no run has that metric.
    """
    return rank_configurations(recorded_runs(tracking_uri, experiment, sweep), metric, direction)


def rank_configurations(
    runs: RecordedRuns, metric: str, direction: Direction | None
) -> pd.DataFrame:
    """Return what :func:`leaderboard` does, of runs that have been read."""
    ascending = _is_ascending(metric, direction)
    table = merge_seeds(runs, metric, ascending)
    score = table.get(metric, pd.Series(float("nan"), table.index))
    table = _ranked(table, score, ascending)
    return _with_ties(table, metric) if (table["seeds"] > 1).any() else table


def leaderboard_by_seed(
    experiment: str = DEFAULT_EXPERIMENT,
    sweep: str | None = None,
    metric: str = DEFAULT_METRIC,
    direction: Direction | None = None,
    tracking_uri: str | None = None,
) -> pd.DataFrame:
    """Return one row for each run, the best first.

    Those that cannot be ranked come last, with an empty rank. Columns: ``rank`` (Int64), ``run``,
    ``status``, ``dataset.name``, the parameters in which runs differ, the metrics,
    ``failure_reason``, ``duration_seconds``, ``start_time``, ``fingerprint``, ``run_id``. Metrics
    are those of the epoch that each run kept: its best by validation, or its last where nothing
    was held out. ``attrs["parameters"]`` names the parameters' columns. Arguments and errors are
    those of :func:`leaderboard`.
    """
    return rank_runs(recorded_runs(tracking_uri, experiment, sweep), metric, direction)


def rank_runs(runs: RecordedRuns, metric: str, direction: Direction | None) -> pd.DataFrame:
    """Return what :func:`leaderboard_by_seed` does, of runs that have been read."""
    ascending = _is_ascending(metric, direction)
    score, parameters = runs.of_finished(metric), varying_columns(runs.params)
    columns = [
        runs.ends[["run", "status"]],
        runs.params[parameters],
        runs.metrics.dropna(axis=1, how="all"),
        runs.ends[ENDS],
    ]
    table = pd.concat(columns, axis=1)
    table.attrs["parameters"] = parameters
    return _ranked(table, score, ascending)


def _is_ascending(metric: str, direction: str | None) -> bool:
    direction = direction or direction_of(metric)
    if direction not in DIRECTIONS:
        raise UserError(f"direction {direction}: allowed is max or min")
    return direction == "min"


def _ranked(table: pd.DataFrame, score: "pd.Series[float]", ascending: bool) -> pd.DataFrame:
    """Sort and number. Equal values: by fingerprint, so the same in every store; then by age."""
    keys = table[["status", *TIE_BREAKERS]].assign(score=score, unranked=score.isna())
    keys = keys.sort_values(
        ["unranked", "score", "status", *TIE_BREAKERS],
        ascending=[True, ascending, True, True, True, True],
    )
    result = table.loc[keys.index].reset_index(drop=True)
    ranks = pd.Series(result.index + 1, dtype="Int64")
    result.insert(0, "rank", ranks.mask(keys["unranked"].to_numpy()))
    return result


def _with_ties(table: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Mark the rows that cannot be told from the first, and give them its rank."""
    ranked = table[table["rank"].notna()]
    found = p_values(*(ranked[key].to_numpy(float) for key in (metric, f"{metric}_std", "seeds")))
    tied = pd.Series(found >= SIGNIFICANCE, ranked.index, dtype="boolean")
    tied.iloc[0] = tied.any()
    table.insert(1, "tied", tied.reindex(table.index))
    table["rank"] = table["rank"].mask(table["tied"].fillna(False), 1)
    table["p_value"] = pd.Series(found, ranked.index)
    return table


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sweep.leaderboard", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add_options(parser)
    add = parser.add_argument
    add("--by-seed", action="store_true", help="a row for each run, not for all seeds together")
    add("--top", type=int, metavar="N", help="show and export only the N best")
    add("--output", type=Path, action="append", default=[], metavar="FILE", help=OUTPUT_HELP)
    add("--register", metavar="NAME", help=REGISTER_HELP)
    return parser.parse_args(argv)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which runs are ranked, and by what."""
    add = parser.add_argument
    add("--experiment", default=DEFAULT_EXPERIMENT, help="MLflow's (default: %(default)s)")
    add("--sweep", metavar="ID", help="only the runs of this sweep, by its parent's run id")
    add("--metric", default=DEFAULT_METRIC, help="to rank by (default: %(default)s)")
    add("--direction", choices=DIRECTIONS, help="which end is better, if the name won't tell")
    add("--tracking-uri", help="default: MLFLOW_TRACKING_URI, or else sqlite:///mlflow.db")


OUTPUT_HELP = f"also write the table; may be given again; by suffix: {', '.join(WRITERS)}"
REGISTER_HELP = "put the best run's model into MLflow's model registry under this name"


def main(argv: Sequence[str] | None = None) -> int:
    """Print the leaderboard, and export it where asked. Return the exit code."""
    given = _arguments(argv)
    try:
        for file in given.output:
            known_suffix(file)
        if given.top is not None and given.top < 1:
            raise UserError(f"--top {given.top}: allowed is 1 or more")
        tabulate = leaderboard_by_seed if given.by_seed else leaderboard
        table = tabulate(
            given.experiment, given.sweep, given.metric, given.direction, given.tracking_uri
        )
        direction = given.direction or direction_of(given.metric)
        if given.top:
            show_best(table, given.metric, direction, given.top)
            table = table[table["rank"].notna()].head(given.top)
        else:
            show_leaderboard(table, given.metric, direction, ROWS)
        for file in given.output:
            export(table, file)
            print(f"Written: {file}")
        if given.register is not None:
            register_best(table, given.metric, given.register, given.tracking_uri)
    except UserError as error:
        print(error, file=sys.stderr)
        return UserError.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
