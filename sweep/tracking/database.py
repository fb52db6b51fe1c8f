"""Runs read from MLflow's database itself: at once, and without importing MLflow.

Its client makes some fifty objects of a run, and the import of it takes a second. So a database is
asked directly by what only reads, if its tables are those that are known here. MLflow's client is
asked about all others, and about servers. Both answer as :mod:`sweep.tracking.records` says.
"""

import functools
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    NullPool,
    Select,
    column,
    create_engine,
    exists,
    func,
    select,
    table,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql.expression import ColumnElement, FromClause

from sweep.tracking.names import MLFLOW_RUN_NAME, SCHEMA
from sweep.tracking.parts import VALUES_AT_ONCE, in_parts
from sweep.tracking.records import KnownExperiment, RecordedRun, Where
from sweep.tracking.run_info import as_measured
from sweep.uris import is_database, scheme

CONNECT_ARGUMENTS = {"postgresql": {"connect_timeout": 5}, "mysql": {"connect_timeout": 5}}
SQLITE_SECONDS = 20  # to wait for others who write to the file, as long as MLflow does
ACTIVE, ONE_WORKSPACE = "active", "default"
OFF = ("false", "0")  # of MLflow's variables


def _table(name: str, *columns: str) -> FromClause:
    return table(name, *(column(each) for each in columns))


EXPERIMENTS = _table(
    "experiments", "experiment_id", "name", "artifact_location", "lifecycle_stage", "workspace"
)
EXPERIMENT_TAGS = _table("experiment_tags", "experiment_id", "key", "value")
RUNS = _table(
    *("runs", "run_uuid", "name", "status", "start_time", "end_time", "lifecycle_stage"),
    *("artifact_uri", "experiment_id"),
)
PARAMS = _table("params", "run_uuid", "key", "value")
TAGS = _table("tags", "run_uuid", "key", "value")
METRICS = _table("metrics", "run_uuid", "key", "value", "step", "timestamp", "is_nan")
LATEST_METRICS = _table("latest_metrics", "run_uuid", "key", "value", "is_nan")
VERSIONS = _table("alembic_version", "version_num")


@contextmanager
def connected(uri: str) -> Iterator[Connection]:
    """Yield a connection to a database, on which nothing is written."""
    with _engine(uri, os.getcwd()).connect() as connection:
        yield connection


@functools.lru_cache(maxsize=8)
def _engine(uri: str, folder: str) -> Engine:
    """Return what connects to a database, and keeps how it is asked; but no connection.

    Args:
        uri: of the database, which may be in a file with a relative path.
        folder: where that path begins.
    """
    arguments = {"sqlite": {"timeout": SQLITE_SECONDS}, **CONNECT_ARGUMENTS}
    return create_engine(uri, connect_args=arguments.get(scheme(uri), {}), poolclass=NullPool)


def is_known(connection: Connection) -> bool:
    """Return whether a database has the tables that are known here, for one team alone."""
    if os.environ.get("MLFLOW_ENABLE_WORKSPACES", "false").lower() not in OFF:
        return False  # MLflow shows the experiments of one workspace then
    others = exists().where(EXPERIMENTS.c.workspace != ONE_WORKSPACE)
    try:
        versions = connection.execute(select(VERSIONS.c.version_num)).scalars().all()
        return [*versions] == [SCHEMA] and not connection.execute(select(others)).scalar()
    except SQLAlchemyError:  # whatever it is, MLflow says it
        return False


def can_be_read(uri: str) -> bool:
    """Return whether an address is that of a database with the tables that are known here."""
    if not is_database(uri):
        return False
    try:
        with connected(uri) as connection:
            return is_known(connection)
    # Its driver is not installed, or its port is no number: MLflow says that, too.
    except (SQLAlchemyError, ImportError, ValueError):
        return False


def places_of(uri: str, run_ids: Sequence[str]) -> dict[str, str]:
    """Return the addresses of the folders with runs' artifacts, by the runs' ids.

    Those are missing that MLflow has to be asked about: all of what is no database that is known
    here, and runs that are not there, of which it knows best what is wrong.
    """
    if not can_be_read(uri):
        return {}
    found: dict[str, str] = {}
    with connected(uri) as connection:
        for some in in_parts(run_ids, VALUES_AT_ONCE):
            asked = select(RUNS.c.run_uuid, RUNS.c.artifact_uri).where(RUNS.c.run_uuid.in_(some))
            found |= {run_id: place for run_id, place in connection.execute(asked)}
    return found


class DatabaseRecords:
    """The record in a database with the tables that are known here."""

    def __init__(self, uri: str) -> None:
        """Take the address."""
        self._uri = uri

    def experiments(self) -> list[KnownExperiment]:
        """Return those that are not deleted."""
        return self._experiments(EXPERIMENTS.c.lifecycle_stage == ACTIVE)

    def experiment(self, name: str) -> KnownExperiment | None:
        """Return the experiment of this name, deleted or not; None if there is none."""
        return next(iter(self._experiments(EXPERIMENTS.c.name == name)), None)

    def _experiments(self, condition: ColumnElement[bool]) -> list[KnownExperiment]:
        own, tags = EXPERIMENTS.c, EXPERIMENT_TAGS.c
        asked = select(own.experiment_id, own.name, own.artifact_location, own.lifecycle_stage)
        with connected(self._uri) as connection:
            found = connection.execute(asked.where(condition)).all()
            numbers = [number for number, *_ in found]
            of_each: defaultdict[int, dict[str, str]] = defaultdict(dict)
            question = select(tags.experiment_id, tags.key, tags.value)
            for some in in_parts(numbers, VALUES_AT_ONCE):
                for number, key, value in connection.execute(
                    question.where(tags.experiment_id.in_(some))
                ):
                    of_each[number][key] = value
        return [
            KnownExperiment(str(number), name, place or "", stage != ACTIVE, of_each[number])
            for number, name, place, stage in found
        ]

    def runs(
        self, experiment_ids: Sequence[str], where: Where, most: int | None = None
    ) -> Iterator[RecordedRun]:
        """Yield runs and sweeps that are not deleted, the newest first."""
        own = RUNS.c
        asked = (
            select(
                *(own.run_uuid, own.name, own.status, own.start_time, own.end_time),
                *(own.artifact_uri, own.experiment_id),
            )
            .where(own.lifecycle_stage == ACTIVE, own.experiment_id.in_(map(int, experiment_ids)))
            .where(*_conditions(where))
            .order_by(own.start_time.desc(), own.run_uuid)
            .limit(most)
        )
        with connected(self._uri) as connection:
            found = connection.execute(asked).all()
            for some in in_parts(found, VALUES_AT_ONCE):
                yield from _with_values(connection, some)


def _conditions(where: Where) -> Iterator[ColumnElement[bool]]:
    own = RUNS.c
    if where.tag is not None:
        yield own.run_uuid.in_(_tagged(*where.tag))
    if where.status is not None:
        yield own.status == where.status
    if where.run_ids is not None:
        yield own.run_uuid.in_(where.run_ids)
    if where.begins is not None:
        yield func.substr(own.run_uuid, 1, len(where.begins)) == where.begins
    if where.name is not None:  # of the tag, as MLflow has it
        yield own.run_uuid.in_(_tagged(MLFLOW_RUN_NAME, where.name))


def _tagged(key: str, value: str) -> Select[Any]:
    return select(TAGS.c.run_uuid).where(TAGS.c.key == key, TAGS.c.value == value)


def _with_values(connection: Connection, runs: Sequence[Any]) -> Iterator[RecordedRun]:
    """Yield runs with all that is recorded of them, in as many questions as for one."""
    ids = [run_id for run_id, *_ in runs]
    params, tags = (
        texts_by_run(connection, each, each.c.run_uuid.in_(ids)) for each in (PARAMS, TAGS)
    )
    metrics = numbers_by_run(connection, LATEST_METRICS.c.run_uuid.in_(ids))
    for run_id, name, status, start_ms, end_ms, place, experiment in runs:
        yield RecordedRun(
            run_id=run_id,
            name=name or tags[run_id].get(MLFLOW_RUN_NAME, ""),
            status=status,
            params=params[run_id],
            metrics=metrics[run_id],
            tags=tags[run_id],
            experiment_id=str(experiment),
            start_ms=start_ms,
            end_ms=end_ms,
            place=place,
        )


def texts_by_run(
    connection: Connection, values: FromClause, condition: ColumnElement[bool]
) -> defaultdict[str, dict[str, str]]:
    """Return the params or the tags that fulfil a condition, by the ids of the runs."""
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    own = values.c
    asked = select(own.run_uuid, own.key, own.value).where(condition)
    for run_id, key, value in connection.execute(asked):
        found[run_id][key] = value
    return found


def numbers_by_run(
    connection: Connection, condition: ColumnElement[bool]
) -> defaultdict[str, dict[str, float]]:
    """Return the last values of the metrics that fulfil a condition likewise."""
    found: defaultdict[str, dict[str, float]] = defaultdict(dict)
    own = LATEST_METRICS.c
    asked = select(own.run_uuid, own.key, own.value, own.is_nan).where(condition)
    for run_id, key, value, is_nan in connection.execute(asked):
        found[run_id][key] = float("nan") if is_nan else as_measured(value)
    return found
