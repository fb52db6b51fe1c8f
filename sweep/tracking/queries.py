"""What is recorded, as a pandas table."""

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_GIT_COMMIT, MLFLOW_GIT_DIRTY, MLFLOW_PARENT_RUN_ID

from sweep.errors import UserError
from sweep.tracking.connection import database_file, explained_errors, probe
from sweep.tracking.mlflow_import import quiet_mlflow
from sweep.tracking.run_info import as_measured, is_pruned, search
from sweep.tracking.tracker import KIND, SWEEP
from sweep.tracking.writer import (
    CONFIG_FILE,
    ENVIRONMENT_FILE,
    FOUND_FILE,
    PARAMETERS_FILE,
    SOURCE_FOLDER,
)
from sweep.uris import redacted, resolve_uri

IDS_AT_ONCE = 200  # in one condition


def existing(uri: str | None) -> str:
    """Return the address that is meant, of a record that is there and answers.

    Raises:
        UserError: there is no such record.
    """
    uri = resolve_uri(uri)
    if (file := database_file(uri)) and not file.is_file():
        raise UserError(f"no runs are recorded in {uri}: there is no such file here ({Path.cwd()})")
    probe(uri)
    return uri


def find_run(uri: str, run_id: str) -> Run:
    """Return a run of MLflow's that is no sweep.

    Raises:
        UserError: there is none.
    """
    try:
        run = MlflowClient(uri).get_run(run_id)
    except MlflowException as error:
        raise UserError(f"{run_id} is not a run in {redacted(uri)}: {error.message}") from error
    if run.data.tags.get(KIND) == SWEEP:
        raise UserError(
            f"{run_id} is a sweep; name one of its runs: python -m sweep.leaderboard --sweep "
            f"{run_id} --output runs.csv shows their ids"
        )
    return run


def read_runs(uri: str | None, experiment: str, sweep_id: str | None) -> pd.DataFrame:
    """Return one row a run, newest first, without the parent runs of sweeps.

    Columns: ``run_id``, ``run``, ``status`` (MLflow's, or PRUNED), ``start_time``,
    ``duration_seconds``, then ``params.…``, ``metrics.…`` (the last value logged) and ``tags.…``.
    The runs of a sweep are those below its parent run, and those that it found trained by others.

    Raises:
        UserError: there is no such record, experiment or sweep.
    """
    uri = existing(uri)
    with explained_errors(uri):
        client = MlflowClient(uri)
        if (known := client.get_experiment_by_name(experiment)) is None:
            names = ", ".join(sorted(each.name for each in client.search_experiments()))
            raise UserError(
                f"experiment {experiment} is not in {redacted(uri)}; there are: {names}"
            )
        number = known.experiment_id
        if sweep_id is None:
            table = _table(search(client, number, ""))
        elif sweep_id.isalnum():
            table = _table(_runs_of(client, number, sweep_id))
        else:
            table = pd.DataFrame()
    if sweep_id and table.empty:
        raise UserError(
            f"sweep {sweep_id} has no runs in experiment {experiment} of {redacted(uri)}"
        )
    return table


def _table(runs: Iterable[Run]) -> pd.DataFrame:
    """Return one row a run, column by column, so that no run is kept when its values are."""
    columns: dict[str, list[Any]] = {}
    known: dict[str, str] = {}  # thousands of runs have the same few texts: one object for each
    rows = 0
    for run in runs:
        if run.data.tags.get(KIND) == SWEEP:
            continue
        for name, value in _values(run):
            column = columns.setdefault(name, [])
            column.extend(repeat(None, rows - len(column)))  # those before did not have it
            column.append(known.setdefault(value, value) if isinstance(value, str) else value)
        rows += 1
    for column in columns.values():
        column.extend(repeat(None, rows - len(column)))
    table = pd.DataFrame(columns)
    if rows:
        begin, end = (table.pop(name) for name in ("start_ms", "end_ms"))
        table.insert(3, "start_time", pd.to_datetime(begin, unit="ms", utc=True))
        table.insert(4, "duration_seconds", (end.astype(float) - begin) / 1000)
    return table


def _values(run: Run) -> Iterator[tuple[str, Any]]:
    info, data = run.info, run.data
    status = "PRUNED" if is_pruned(info.status, data.tags) else info.status
    yield "run_id", info.run_id
    yield "run", info.run_name
    yield "status", status
    yield "start_ms", info.start_time
    yield "end_ms", info.end_time
    yield from ((f"params.{name}", value) for name, value in data.params.items())
    yield from ((f"metrics.{name}", as_measured(value)) for name, value in data.metrics.items())
    yield from ((f"tags.{name}", value) for name, value in data.tags.items())


def _runs_of(client: MlflowClient, experiment_id: str, sweep_id: str) -> Iterator[Run]:
    yield from search(client, experiment_id, f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{sweep_id}'")
    ids = _found_ids(client, experiment_id, sweep_id)
    for start in range(0, len(ids), IDS_AT_ONCE):
        named = ", ".join(f"'{run_id}'" for run_id in ids[start : start + IDS_AT_ONCE])
        yield from search(client, experiment_id, f"attributes.run_id IN ({named})")


def _found_ids(client: MlflowClient, experiment_id: str, sweep_id: str) -> list[str]:
    """Return the ids of runs that the sweep found trained."""
    parents = list(search(client, experiment_id, f"attributes.run_id = '{sweep_id}'"))
    if not parents or not _has_artifact(client, sweep_id, FOUND_FILE):
        return []
    with tempfile.TemporaryDirectory() as folder, quiet_mlflow():
        ids = json.loads(Path(client.download_artifacts(sweep_id, FOUND_FILE, folder)).read_text())
    return [each for each in ids if str(each).isalnum()]


def read_name(uri: str | None, run_id: str) -> str:
    """Return the name of a run or a sweep.

    Raises:
        UserError: there is no such run.
    """
    uri = resolve_uri(uri)
    with explained_errors(uri):
        return str(MlflowClient(uri).get_run(run_id).info.run_name)


@dataclass(frozen=True)
class RunRecord:
    """All that is recorded of a run.

    Attributes:
        run_id: MLflow's.
        name: MLflow's.
        status: RUNNING, FINISHED, FAILED or KILLED.
        tags: by name.
        curves: of each metric, the value of each epoch.
        config: the artifact ``config.yaml``.
        environment: the artifact ``environment.yaml``.
        parameters: the artifact ``parameters/net.params``; None if there is none.
        source: the artifacts in ``source/``, by their places in it: a user's modules.
    """

    run_id: str
    name: str
    status: str
    tags: Mapping[str, str]
    curves: Mapping[str, Mapping[int, float]]
    config: str
    environment: Mapping[str, Any]
    parameters: bytes | None
    source: Mapping[str, bytes]

    @property
    def last_epoch(self) -> int:
        """The last epoch that anything is recorded of; 0 if nothing is."""
        return max((epoch for points in self.curves.values() for epoch in points), default=0)

    @property
    def commit(self) -> str:
        """The code's commit, as :func:`sweep.environment.commit_text` has it."""
        dirty = self.tags.get(MLFLOW_GIT_DIRTY) == "true"
        known = self.tags.get(MLFLOW_GIT_COMMIT, "not known")
        return f"{known}{' with uncommitted changes' if dirty else ''}"


def read_record(uri: str | None, run_id: str) -> RunRecord:
    """Return all that is recorded of a run.

    Raises:
        UserError: there is no such record or run, or it was not recorded by this program.
    """
    uri = existing(uri)
    client, run = MlflowClient(uri), find_run(uri, run_id)
    with explained_errors(uri), tempfile.TemporaryDirectory() as folder:
        files = {
            path: Path(client.download_artifacts(run_id, path, folder)).read_bytes()
            for path in (CONFIG_FILE, ENVIRONMENT_FILE, PARAMETERS_FILE)
            if _has_artifact(client, run_id, path)
        }
        source = _files(client, run_id, SOURCE_FOLDER, folder)
    if missing := {CONFIG_FILE, ENVIRONMENT_FILE} - set(files):
        raise UserError(
            f"run {run_id} has no {' and no '.join(sorted(missing))}, so it cannot be trained again"
        )
    return RunRecord(
        run_id=run_id,
        name=run.info.run_name,
        status=run.info.status,
        tags=run.data.tags,
        curves={
            key: {
                point.step: as_measured(point.value)
                for point in client.get_metric_history(run_id, key)
            }
            for key in run.data.metrics
        },
        config=files[CONFIG_FILE].decode(),
        environment=yaml.safe_load(files[ENVIRONMENT_FILE]),
        parameters=files.get(PARAMETERS_FILE),
        source=source,
    )


def _files(client: MlflowClient, run_id: str, path: str, folder: str) -> dict[str, bytes]:
    """Return all artifacts below a path, by their places below it."""
    if not client.list_artifacts(run_id, path):
        return {}
    fetched = Path(client.download_artifacts(run_id, path, folder))
    files = sorted(each for each in fetched.rglob("*") if each.is_file())
    return {each.relative_to(fetched).as_posix(): each.read_bytes() for each in files}


def _has_artifact(client: MlflowClient, run_id: str, path: str) -> bool:
    folder = path.rpartition("/")[0] or None
    return any(each.path == path for each in client.list_artifacts(run_id, folder))
