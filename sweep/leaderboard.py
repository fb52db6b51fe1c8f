"""The runs of an experiment, or of one sweep, as a ranked pandas table.

python -m sweep.leaderboard --sweep ID --output leaderboard.csv
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

import pandas as pd

from sweep.config import varying
from sweep.epochs import at_best
from sweep.errors import UserError
from sweep.leaderboard_view import show_leaderboard
from sweep.tracking import FAILURE, read_runs

Direction = Literal["max", "min"]
DIRECTIONS = ("max", "min")
ENDS = [FAILURE, "duration_seconds", "start_time", "fingerprint", "run_id"]
TIE_BREAKERS = ["fingerprint", "start_time", "run_id"]
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
    if metric.endswith(("loss", "epoch_seconds")):
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
    direction = direction or direction_of(metric)
    if direction not in DIRECTIONS:
        raise UserError(f"direction {direction}: allowed is max or min")
    runs = read_runs(tracking_uri, experiment, sweep)
    if runs.empty:
        raise UserError(f"experiment {experiment} has no runs yet")
    params, metrics = _params(runs), _metrics(runs)
    if "dataset.name" not in params:  # runs that were not recorded by a sweep
        params["dataset.name"] = None
    finished = runs["status"] == "FINISHED"
    if metric not in metrics:
        metrics[metric] = float("nan")
    rankable = finished & metrics[metric].notna()
    if finished.any() and not rankable.any():
        raise UserError(_no_such_metric(metric, metrics.dropna(axis=1, how="all").columns))
    parameters = ["dataset.name", *varying(_records(params.drop(columns="dataset.name")))]
    runs = runs.rename(columns={f"tags.{name}": name for name in (FAILURE, "fingerprint")})
    table = pd.concat(
        [
            *(runs[["run", "status"]], params[parameters], metrics.dropna(axis=1, how="all")),
            runs.reindex(columns=ENDS).astype({FAILURE: "string"}),
        ],
        axis=1,
    )
    table = _rank(table, rankable, metric, direction)
    table.attrs["parameters"] = parameters
    return table


def _params(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the parameters under their own names, as numbers where all are numbers."""
    table = _having(runs, "params.")
    for name in table:
        with suppress(ValueError, TypeError):  # what is no number stays text
            table[name] = pd.to_numeric(table[name])
    return table


def _metrics(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the metrics as they are named in the curves, at the best epoch if there is one."""
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


def _records(params: pd.DataFrame) -> list[dict[str, str]]:
    """Return each run's parameters, without those that it does not have."""
    names = [str(name) for name in params]
    rows = params.itertuples(index=False)
    pairs = (zip(names, row, strict=True) for row in rows)
    return [{key: str(value) for key, value in row if pd.notna(value)} for row in pairs]


def _no_such_metric(metric: str, known: Iterable[str]) -> str:
    hint = (
        "; these runs held no images out and were measured on the test set after every epoch: "
        "rank them with --metric test/accuracy"
        if metric.startswith("val/") and "test/accuracy" in known
        else ""
    )
    return f"no finished run has the metric {metric}; there are: {', '.join(known)}{hint}"


def _rank(
    table: pd.DataFrame, rankable: "pd.Series[bool]", metric: str, direction: str
) -> pd.DataFrame:
    """Sort and number. Equal values: by fingerprint, so the same in every store; then by age."""
    by = [metric] if rankable.any() else []
    up = [direction == "min"] if by else []
    ranked = table[rankable].sort_values([*by, *TIE_BREAKERS], ascending=[*up, True, True, True])
    others = table[~rankable].sort_values(["status", *TIE_BREAKERS])
    result = table.loc[[*ranked.index, *others.index]].reset_index(drop=True)
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
    add("--direction", choices=DIRECTIONS, help="which end is better, if the name won't tell")
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
        return UserError.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
