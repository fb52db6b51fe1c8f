"""What is recorded, as a pandas table."""

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path
from sqlite3 import OperationalError
from typing import TYPE_CHECKING, Any

import pandas as pd
import yaml

from sweep.errors import UserError, nearest
from sweep.tracking.artifacts import files_below, has_artifact, kept_text
from sweep.tracking.connection import check_answers, database_file, explained_errors
from sweep.tracking.database import in_parts
from sweep.tracking.locations import mend_locations
from sweep.tracking.mlflow_import import client_of
from sweep.tracking.names import (
    ADOPTED,
    CONFIG_FILE,
    DATASET_SOURCE_FOLDER,
    DECIDED_BY,
    ENVIRONMENT_FILE,
    FOUND_FILE,
    KIND,
    MLFLOW_GIT_COMMIT,
    MLFLOW_GIT_DIRTY,
    MLFLOW_OWN,
    MLFLOW_PARENT_RUN_ID,
    SOURCE_FOLDER,
    START_FOLDER,
    SWEEP,
    TIED_RUNS,
)
from sweep.tracking.records import (
    ALL,
    RecordedRun,
    Records,
    Where,
    recorded_run,
    records_of,
)
from sweep.tracking.run_info import as_measured, state_of
from sweep.tracking.short_ids import WHOLE, whole_run_id, whole_sweep_id
from sweep.tracking.tracker import IDS_AT_ONCE, deleted
from sweep.uris import redacted, resolve_uri

if TYPE_CHECKING:
    from mlflow.entities import Run

# MLflow's codes for an id that no run has: of one that could be a run's, and of another text.
NOT_THERE = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")


def existing(uri: str | None) -> str:
    """Return the address that is meant, of a record that is there and answers.

    Raises:
        UserError: there is no such record.
    """
    uri = resolve_uri(uri)
    if (file := database_file(uri)) and not file.is_file():
        raise UserError(f"no runs are recorded in {uri}: there is no such file here ({Path.cwd()})")
    check_answers(uri)
    if file:
        with suppress(OperationalError):  # who only reads need not be able to write
            mend_locations(file)
    return uri


def find_run(uri: str, given: str) -> "Run":
    """Return a run of MLflow's that is no sweep.

    Args:
        uri: of the record.
        given: the run's id, the beginning of it, or its name.

    Raises:
        UserError: there is none, or several may be meant.
    """
    run_id, client = whole_run_id(uri, given), client_of(uri)
    from mlflow.exceptions import MlflowException

    try:
        run = client.get_run(run_id)
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

    Columns: ``run_id``, ``run``, ``status`` (MLflow's, PRUNED or PAUSED), ``start_time``,
    ``duration_seconds``, then ``params.…``, ``metrics.…`` (the last value logged) and ``tags.…``.
    The runs of a sweep are those below its parent run, and those that it found trained by others.
    ``attrs`` has the tags in which a sweep with ``seed=auto`` says what it decided.

    Raises:
        UserError: there is no such record, experiment or sweep.
    """
    uri = existing(uri)
    with explained_errors(uri):
        records = records_of(uri)
        if (known := records.experiment(experiment)) is None:
            names = sorted(each.name for each in records.experiments())
            raise UserError(
                f"experiment {experiment} is not in {redacted(uri)}{nearest(experiment, names)}; "
                f"there are: {', '.join(names)}"
            )
        if known.is_deleted:
            raise UserError(f"experiment {experiment}: {deleted(known, uri)}")
        number = known.experiment_id
        if sweep_id is None:
            table = _table(records.runs([number], ALL))
        elif sweep_id.isalnum():
            table = _table_of_sweep(uri, records, number, sweep_id)
        else:
            table = pd.DataFrame()
    if sweep_id and table.empty:
        raise UserError(
            f"sweep {sweep_id} has no runs in experiment {experiment} of {redacted(uri)}"
        )
    return table


def read_runs_so_far(uri: str, experiment: str, sweep_id: str) -> pd.DataFrame:
    """Return the runs of a sweep that goes on, as :func:`read_runs` does; it may have none yet.

    Args:
        uri: of the record, which is there.
        experiment: that it is in.
        sweep_id: the whole id of its parent run.

    Raises:
        UserError: the record cannot be read.
    """
    with explained_errors(uri):
        records = records_of(uri)
        known = records.experiment(experiment)
        return _table_of_sweep(uri, records, known.experiment_id, sweep_id) if known else _table(())


def read_run(uri: str | None, run_id: str) -> pd.DataFrame:
    """Return one run as :func:`read_runs` does, without looking at the others.

    Raises:
        UserError: there is no such record or run.
    """
    uri = existing(uri)
    return _table([recorded_run(find_run(uri, run_id))])


def _table(runs: Iterable[RecordedRun]) -> pd.DataFrame:
    """Return one row a run, column by column, so that no run is kept when its values are."""
    columns: dict[str, list[Any]] = {}
    known: dict[str, str] = {}  # thousands of runs have the same few texts: one object for each
    rows = 0
    for run in runs:
        if run.tags.get(KIND) == SWEEP:
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
        # A clock that was set back meanwhile must not make a run end before it began.
        table.insert(4, "duration_seconds", ((end.astype(float) - begin) / 1000).clip(lower=0))
    return table


def _values(run: RecordedRun) -> Iterator[tuple[str, Any]]:
    yield "run_id", run.run_id
    yield "run", run.name
    yield "status", run.state
    yield "start_ms", run.begin_ms
    yield "end_ms", run.end_ms
    yield from ((f"params.{name}", value) for name, value in run.params.items())
    yield from ((f"metrics.{name}", value) for name, value in run.metrics.items())
    yield from ((f"tags.{name}", value) for name, value in run.tags.items())


def _table_of_sweep(uri: str, records: Records, experiment_id: str, sweep_id: str) -> pd.DataFrame:
    parent = next(records.runs([experiment_id], Where(run_ids=[sweep_id])), None)
    ids = _found_ids(uri, parent) if parent else []
    table = _table(_runs_of(records, experiment_id, sweep_id, ids))
    if parent:
        told = {TIED_RUNS, DECIDED_BY} & {*parent.tags}
        table.attrs |= {tag: parent.tags[tag] for tag in told}
    return table


def _runs_of(
    records: Records, experiment_id: str, sweep_id: str, found_ids: Sequence[str]
) -> Iterator[RecordedRun]:
    yield from records.runs([experiment_id], Where(tag=(MLFLOW_PARENT_RUN_ID, sweep_id)))
    for some in in_parts(found_ids, IDS_AT_ONCE):
        yield from records.runs([experiment_id], Where(run_ids=some))


def _found_ids(uri: str, sweep: RecordedRun) -> list[str]:
    """Return the ids of runs that the sweep found trained."""
    text = kept_text(uri, sweep.run_id, sweep.place, FOUND_FILE)
    return [each for each in json.loads(text) if str(each).isalnum()] if text else []


def find_sweep_id(uri: str | None, given: str) -> str:
    """Return the id of the sweep that is meant; what was given where there is none.

    Args:
        uri: of the record.
        given: the id of its parent run, the beginning of it, or its name.

    Raises:
        UserError: there is no such record, or several sweeps may be meant.
    """
    return given if WHOLE.fullmatch(given) else whole_sweep_id(existing(uri), given)


def newest_sweep_id(uri: str, experiment: str | None) -> str | None:
    """Return the id of the sweep that began last; None if there is none.

    Args:
        uri: of the record, which is there.
        experiment: that it is in; None for any.

    Raises:
        UserError: there is no such experiment.
    """
    with explained_errors(uri):
        records = records_of(uri)
        known = {each.name: each.experiment_id for each in records.experiments()}
        if experiment is not None and experiment not in known:
            raise UserError(
                f"experiment {experiment} is not in {redacted(uri)}{nearest(experiment, known)}; "
                f"there are: {', '.join(sorted(known))}"
            )
        numbers = [*known.values()] if experiment is None else [known[experiment]]
        found = next(records.runs(numbers, Where(tag=(KIND, SWEEP))), None)
    return found.run_id if found else None


def read_name(uri: str | None, run_id: str) -> str:
    """Return the name of a run or a sweep.

    Raises:
        UserError: there is no such run.
    """
    uri = resolve_uri(uri)
    with explained_errors(uri):
        return str(client_of(uri).get_run(run_id).info.run_name)


@dataclass(frozen=True)
class About:
    """What is recorded of a run or a sweep itself.

    Attributes:
        run_id: MLflow's.
        name: MLflow's.
        experiment: MLflow's, by its name.
        is_sweep: whether it is the parent run of a sweep.
        status: RUNNING, FINISHED, FAILED or KILLED.
        start_ms: when it began, in milliseconds since 1970.
        end_ms: when it ended; None while it is running.
        params: as they are recorded.
        tags: as they are recorded, without MLflow's own.
    """

    run_id: str
    name: str
    experiment: str
    is_sweep: bool
    status: str
    start_ms: int
    end_ms: int | None
    params: Mapping[str, str]
    tags: Mapping[str, str]


def neither(given: str, uri: str) -> UserError:
    """Return the error that says that there is no such run, and no such sweep.

    Args:
        given: by a user.
        uri: of the record.
    """
    return UserError(
        f"{given or '(nothing)'} is neither a run nor a sweep in {redacted(uri)}; `sweep list` and "
        "`sweep leaderboard` show what there is"
    )


def read_about(uri: str | None, run_id: str) -> About:
    """Return what is recorded of a run or a sweep itself.

    Raises:
        UserError: there is no such record or run, or it is deleted.
    """
    uri = existing(uri)
    client = client_of(uri)
    from mlflow.exceptions import MlflowException

    with explained_errors(uri):
        try:
            run = client.get_run(run_id)
        except MlflowException as error:
            if error.error_code in NOT_THERE:
                raise neither(run_id, uri) from error
            raise
    info, tags = run.info, run.data.tags
    if info.lifecycle_stage == "deleted":
        raise UserError(
            f"{run_id} ({info.run_name}) is deleted in {redacted(uri)}; "
            f"mlflow runs restore --run-id {run_id} brings it back"
        )
    with explained_errors(uri):
        experiment = client.get_experiment(info.experiment_id).name
    return About(
        run_id=info.run_id,
        name=info.run_name,
        experiment=experiment,
        is_sweep=tags.get(KIND) == SWEEP,
        status=state_of(info.status, tags),
        start_ms=info.start_time,
        end_ms=info.end_time,
        params=run.data.params,
        tags={key: value for key, value in tags.items() if not key.startswith(MLFLOW_OWN)},
    )


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
        parameters: that it has trained, in Gluon's own format; None if there are none.
        source: the artifacts in ``source/``, by their places in it: a user's modules.
        dataset_source: those in ``dataset_source/``: the modules that made the images.
        start: the artifacts in ``init/`` likewise: the trained parameters that it started from.
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
    dataset_source: Mapping[str, bytes] = field(default_factory=dict)
    start: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def last_epoch(self) -> int:
        """The last epoch that anything is recorded of; 0 if nothing is."""
        return max((epoch for points in self.curves.values() for epoch in points), default=0)

    @property
    def commit(self) -> str:
        """The code's commit, as :func:`sweep.environment.commit_text` has it."""
        return commit_of(self.tags)


def commit_of(tags: Mapping[str, str]) -> str:
    """Return the code's commit that a run is recorded with, as ``commit_text`` has it."""
    dirty = tags.get(MLFLOW_GIT_DIRTY) == "true"
    known = tags.get(MLFLOW_GIT_COMMIT, "not known")
    return f"{known}{' with uncommitted changes' if dirty else ''}"


def read_record(uri: str | None, run_id: str) -> RunRecord:
    """Return all that is recorded of a run.

    Raises:
        UserError: there is no such record or run, or it was not recorded by this program.
    """
    uri = existing(uri)
    from sweep.tracking.parameters import parameters_of

    client, run = client_of(uri), find_run(uri, run_id)
    run_id = run.info.run_id
    if run.data.tags.get(KIND) == ADOPTED:
        raise UserError(f"run {run_id} was adopted: it was not trained here, and cannot be again")
    with explained_errors(uri), tempfile.TemporaryDirectory() as folder:
        files = {
            path: Path(client.download_artifacts(run_id, path, folder)).read_bytes()
            for path in (CONFIG_FILE, ENVIRONMENT_FILE)
            if has_artifact(client, run_id, path)
        }
        source, dataset_source, start = (
            files_below(client, run_id, each, folder)
            for each in (SOURCE_FOLDER, DATASET_SOURCE_FOLDER, START_FOLDER)
        )
        parameters = parameters_of(uri, run_id)
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
        parameters=parameters,
        source=source,
        dataset_source=dataset_source,
        start=start,
    )
