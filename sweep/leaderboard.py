"""The runs of an experiment, or of one sweep, as a ranked pandas table.

python -m sweep.leaderboard --sweep ID --output leaderboard.csv
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

import pandas as pd

from sweep.config import varying
from sweep.epochs import at_best
from sweep.errors import UserError
from sweep.terminal import show_leaderboard
from sweep.tracking import FAILURE, read_runs

Direction = Literal["max", "min"]
DEFAULT_EXPERIMENT = "sweep"
DEFAULT_METRIC = "val/accuracy"
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
WRITERS: dict[str, Callable[[pd.DataFrame, Path], object]] = {
    ".csv": lambda table, path: table.to_csv(path, index=False),
    ".parquet": lambda table, path: table.to_parquet(path, index=False),
    ".json": lambda table, path: table.to_json(
        path, orient="records", indent=2, date_format="iso", double_precision=15
    ),
    ".md": lambda table, path: (
        table.astype(object).where(table.notna(), "").to_markdown(path, index=False)
    ),
}


def direction_of(metric: str) -> Direction:
    """Return whether more of a metric is better (``max``) or less (``min``).

    Raises:
        UserError: the metric's name does not tell.
    """
    if metric.endswith(("accuracy", "images_per_second")):
        return "max"
    if metric.endswith(("loss", "epoch_seconds", "duration_seconds")):
        return "min"
    raise UserError(f"metric {metric}: say which end is better with --direction max or min")


def leaderboard(
    experiment: str = DEFAULT_EXPERIMENT,
    sweep: str | None = None,
    metric: str = DEFAULT_METRIC,
    direction: Direction | None = None,
    tracking_uri: str | None = None,
) -> pd.DataFrame:
    """Return the runs, the best first; those that cannot be ranked last, with an empty rank.

    Columns: ``rank`` (Int64), ``run``, ``status``, ``dataset.name``, the parameters in which runs
    differ, the metrics, ``failure_reason``, ``duration_seconds``, ``start_time``, ``fingerprint``,
    ``run_id``. Metrics are those of the epoch that each run kept: its best by validation, or
    its last where nothing was held out. ``attrs["parameters"]`` names the parameters' columns.

    Args:
        experiment: MLflow's experiment.
        sweep: the run id of a sweep's parent; None for all runs of the experiment.
        metric: to rank by.
        direction: ``max`` or ``min``; None to know it by the metric's name.
        tracking_uri: None for MLFLOW_TRACKING_URI, or else ``sqlite:///mlflow.db``.

    Raises:
        UserError: there is no such record, or no run has that metric.
    """
    ascending = (direction or direction_of(metric)) == "min"
    runs = read_runs(tracking_uri, experiment, sweep)
    if runs.empty:
        raise UserError(f"experiment {experiment} has no runs yet")
    metrics, varied = _take_best(runs), _take_varying(runs)
    finished = runs["status"] == "FINISHED"
    if finished.any() and (metric not in metrics or runs.loc[finished, metric].isna().all()):
        hint = (
            "; these runs held no images out and were measured on the test set after every epoch: "
            "rank them with --metric test/accuracy"
            if metric.startswith("val/") and "test/accuracy" in metrics
            else ""
        )
        known = ", ".join(metrics)
        raise UserError(f"no finished run has the metric {metric}; there are: {known}{hint}")
    runs = runs.rename(columns={f"tags.{name}": name for name in (FAILURE, "fingerprint")})
    parameters = list(dict.fromkeys(["dataset.name", *varied]))
    columns = [
        *("run", "status", *parameters, *metrics, FAILURE),
        *("duration_seconds", "start_time", "fingerprint", "run_id"),
    ]
    table = runs.reindex(columns=columns).astype({FAILURE: "string"})
    table = _rank(table, finished, metric, ascending)
    table.attrs["parameters"] = parameters
    return table


def _take_best(runs: pd.DataFrame) -> list[str]:
    """Name the metrics as they are logged, with their values at the best epoch, if there is one."""
    logged = [name.removeprefix("metrics.") for name in _having(runs, "metrics.")]
    names = [name for name in (*METRICS, *logged) if name in logged and "_at_best/" not in name]
    for name in dict.fromkeys(names):
        last, best = runs[f"metrics.{name}"], runs.get(f"metrics.{at_best(name)}")
        runs[name] = last if best is None else best.fillna(last)
    if "best_epoch" in names:
        runs["best_epoch"] = runs["best_epoch"].astype("Int64")
    return list(dict.fromkeys(names))


def _take_varying(runs: pd.DataFrame) -> list[str]:
    """Name the parameters, as numbers where they are; return those in which runs differ."""
    params = runs[_having(runs, "params.")].rename(columns=lambda name: name[len("params.") :])
    for name in params:
        runs[name] = params[name]
        with suppress(ValueError, TypeError):  # what is no number stays text
            runs[name] = pd.to_numeric(params[name])
    return varying([dict(row) for _, row in params.astype(str).iterrows()])


def _having(runs: pd.DataFrame, prefix: str) -> list[str]:
    return [str(name) for name in runs.columns if str(name).startswith(prefix)]


def _rank(
    table: pd.DataFrame, finished: "pd.Series[bool]", metric: str, ascending: bool
) -> pd.DataFrame:
    """Sort and number. Equal values: by fingerprint, so the same in every store; then by age."""
    rankable = finished & table[metric].notna() if metric in table else finished
    keys, up = ["fingerprint", "start_time", "run_id"], [True, True, True]
    ranked = table[rankable]
    if metric in table:
        ranked = ranked.sort_values([metric, *keys], ascending=[ascending, *up])
    others = table[~rankable].sort_values(["status", *keys])
    result = pd.concat([ranked, others], ignore_index=True)
    ranks = [*range(1, len(ranked) + 1), *[pd.NA] * len(others)]
    result.insert(0, "rank", pd.Series(ranks, dtype="Int64"))
    return result


def export(table: pd.DataFrame, file: Path) -> None:
    """Write the table in the format of the file's suffix: all of it or nothing.

    Raises:
        UserError: the suffix is unknown or the file cannot be written.
    """
    write = WRITERS[_known_suffix(file)]
    try:
        with tempfile.TemporaryDirectory(dir=file.parent, prefix=".leaderboard-") as folder:
            temporary = Path(folder) / file.name
            write(table, temporary)
            temporary.replace(file)
    except OSError as error:
        raise UserError(f"--output {file}: cannot be written: {error.strerror}") from error


def _known_suffix(file: Path) -> str:
    if file.suffix not in WRITERS:
        raise UserError(f"--output {file}: unknown suffix; allowed: {', '.join(WRITERS)}")
    return file.suffix


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sweep.leaderboard", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add = parser.add_argument
    add(
        "--experiment",
        default=DEFAULT_EXPERIMENT,
        help="MLflow's experiment (default: %(default)s)",
    )
    add("--sweep", metavar="ID", help="only the runs of this sweep, by its parent's run id")
    add("--metric", default=DEFAULT_METRIC, help="to rank by (default: %(default)s)")
    add("--direction", choices=("max", "min"), help="which end is better, if the name won't tell")
    add("--top", type=int, metavar="N", help="show and export only the N best")
    add("--output", type=Path, action="append", default=[], metavar="FILE", help=OUTPUT_HELP)
    add("--tracking-uri", help="default: MLFLOW_TRACKING_URI, or else sqlite:///mlflow.db")
    return parser.parse_args(argv)


OUTPUT_HELP = f"also write the table; may be given again; by suffix: {', '.join(WRITERS)}"


def main(argv: Sequence[str] | None = None) -> int:
    """Print the leaderboard, and export it where asked. Return the exit code."""
    given = _arguments(argv)
    try:
        for file in given.output:
            _known_suffix(file)
        if given.top is not None and given.top < 1:
            raise UserError(f"--top {given.top}: allowed is 1 or more")
        table = leaderboard(
            given.experiment, given.sweep, given.metric, given.direction, given.tracking_uri
        )
        if given.top:
            table = table[table["rank"] <= given.top]
        show_leaderboard(table, given.metric, given.direction or direction_of(given.metric))
        for file in given.output:
            export(table, file)
            print(f"Written: {file}")
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
