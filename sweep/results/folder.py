"""A sweep, or a run, as plain files in a folder, for tools that know nothing of MLflow.

``leaderboard.csv`` (a row a configuration), ``runs.csv`` (a row a run: its configuration, its
metrics, its tags), ``curves.csv`` (a row a value: run, epoch, metric) and ``sweep.json``.
"""

import csv
import json
import tempfile
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pandas as pd

from sweep import __version__
from sweep.config.metrics import OF_A_RUN, Direction
from sweep.errors import UserError
from sweep.results.leaderboard import rank_configurations
from sweep.results.runs import RecordedRuns, runs_of_table
from sweep.tracking import existing, read_about, read_points, read_run, read_runs, whole_id
from sweep.tracking.names import MLFLOW_OWN
from sweep.tracking.queries import About

LEADERBOARD, RUNS, CURVES, ABOUT = "leaderboard.csv", "runs.csv", "curves.csv", "sweep.json"
RECORDED = ("params.", "metrics.", "tags.")  # what columns begin with that not all runs have
FORMAT = 1  # of the folder, in sweep.json


def export_to_folder(
    what: str,
    folder: Path,
    metric: str | None = None,
    direction: Direction | None = None,
    tracking_uri: str | None = None,
) -> list[Path]:
    """Write what is recorded of a sweep or a run to a folder: all of it or nothing.

    Numbers have all their digits.

    Args:
        what: the run id of a run, or of a sweep's parent; the beginning of it, or its name.
        folder: to be made.
        metric: that the leaderboard is ranked by; None as for :func:`sweep.load_leaderboard`.
        direction: ``max`` or ``min``; None to know it by the metric's name.
        tracking_uri: None for MLFLOW_TRACKING_URI, or else ``sqlite:///mlflow.db``.

    Returns:
        The files.

    Raises:
        UserError: there is no such run or sweep, or the folder is there already or cannot be made.
    """
    if folder.exists() or folder.is_symlink():
        raise UserError(f"--to {folder}: is there already; allowed is a folder that is not")
    about = read_about(tracking_uri, whole_id(existing(tracking_uri), what))
    table = _table_of(about, tracking_uri)
    try:
        with tempfile.TemporaryDirectory(dir=folder.absolute().parent, prefix=".export-") as place:
            made = Path(place) / folder.name  # its mode is that of any new folder
            made.mkdir()
            _write(about, table, metric, direction, tracking_uri, made)
            made.rename(folder)
    except OSError as error:
        raise UserError(f"--to {folder}: cannot be written: {error.strerror}") from error
    return [folder / name for name in (LEADERBOARD, RUNS, CURVES, ABOUT)]


def _table_of(about: About, tracking_uri: str | None) -> pd.DataFrame:
    """Return a row for each run of a sweep, or the one of the run alone."""
    if about.is_sweep:
        return read_runs(tracking_uri, about.experiment, about.run_id)
    return read_run(tracking_uri, about.run_id)


def _write(
    about: About,
    recorded: pd.DataFrame,
    metric: str | None,
    direction: Direction | None,
    tracking_uri: str | None,
    folder: Path,
) -> None:
    sweep_id = about.run_id if about.is_sweep else None
    runs = runs_of_table(recorded, tracking_uri, about.experiment, sweep_id)
    metric = metric or runs.usual_metric
    table = rank_configurations(runs, metric, direction)
    table.to_csv(folder / LEADERBOARD, index=False)
    _plain(recorded).to_csv(folder / RUNS, index=False)
    measured = [str(name) for name in runs.metrics if name not in OF_A_RUN]
    with open(folder / CURVES, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["run_id", "epoch", "metric", "value"])
        writer.writerows(
            (run_id, epoch, name, repr(value))
            for run_id, epoch, name, value in read_points(
                runs.uri, list(runs.ends["run_id"]), measured
            )
        )
    described = _described(about, runs) | {
        "metric": metric,
        "direction": direction or runs.direction(metric),
        "columns": {"leaderboard": list(table), "curves": ["run_id", "epoch", "metric", "value"]},
    }
    text = json.dumps(described, indent=2, ensure_ascii=False) + "\n"
    (folder / ABOUT).write_text(text, encoding="utf-8")


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """Return runs as they are recorded, without the tags that MLflow sets itself.

    Columns that say something of each run, as how long it took, stay while they are empty.
    """
    own = [name for name in table if str(name).startswith(f"tags.{MLFLOW_OWN}")]
    table = table.drop(columns=own)
    empty = [name for name in table if str(name).startswith(RECORDED) and table[name].isna().all()]
    return table.drop(columns=empty)


def _described(about: About, runs: RecordedRuns) -> dict[str, Any]:
    """Return what is known of the whole."""
    return {
        "format": FORMAT,
        "program": f"gluon-sweep {__version__}",
        "kind": "sweep" if about.is_sweep else "run",
        "id": about.run_id,
        "name": about.name,
        "experiment": about.experiment,
        "status": about.status,
        "start_time": _time(about.start_ms),
        "end_time": _time(about.end_ms),
        "runs": {str(status): int(count) for status, count in _statuses(runs).items()},
        "params": dict(about.params),
        "tags": dict(about.tags),
    }


def _statuses(runs: RecordedRuns) -> "pd.Series[int]":
    return runs.ends["status"].value_counts()


def _time(milliseconds: int | None) -> str | None:
    """Return a time in ISO's form, in UTC."""
    if milliseconds is None:
        return None
    found = datetime.fromtimestamp(milliseconds / 1000, timezone.utc)
    return found.isoformat(timespec="milliseconds").replace("+00:00", "Z")
