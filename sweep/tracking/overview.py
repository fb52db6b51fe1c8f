"""All runs and sweeps of a record, with the little that an overview needs of each.

MLflow's client makes some fifty objects of a run, and a thousand runs take it seconds; so databases
are asked directly, in three questions however many runs there are. Servers are asked by MLflow's
client, a thousand runs at once.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from sweep.config.metrics import at_best
from sweep.errors import UserError
from sweep.tracking.artifacts import ids_in, read_text
from sweep.tracking.connection import explained_errors
from sweep.tracking.database import (
    ACTIVE,
    EXPERIMENTS,
    LATEST_METRICS,
    PARAMS,
    RUNS,
    TAGS,
    can_be_read,
    connected,
    numbers_by_run,
    texts_by_run,
)
from sweep.tracking.locations import local_folder
from sweep.tracking.mlflow_import import client_of
from sweep.tracking.names import (
    BUNDLE,
    FINGERPRINT,
    FOLDER,
    FOUND_FILE,
    KIND,
    MLFLOW_PARENT_RUN_ID,
    PAUSED_AFTER,
    PRUNED_AFTER,
)
from sweep.tracking.queries import existing
from sweep.tracking.records import ClientRecords
from sweep.tracking.run_info import Tagged, as_measured, search

if TYPE_CHECKING:
    from mlflow.entities import Run

START, MONITOR, MEASURED = "init_from", "monitor", "metrics"  # parameters
SHOWN_TAGS = (KIND, MLFLOW_PARENT_RUN_ID, FOLDER, FINGERPRINT, PRUNED_AFTER, PAUSED_AFTER, BUNDLE)


@dataclass(frozen=True)
class Entry(Tagged):
    """A run or a sweep.

    Attributes:
        run_id: MLflow's.
        name: MLflow's.
        experiment: the name of it.
        status: RUNNING, FINISHED, FAILED or KILLED.
        start_ms: since 1970.
        end_ms: since 1970; None while it is RUNNING.
        place: the address of the folder with its artifacts.
        tags: those that an overview needs.
        init_from: the address of what it started from, as it is recorded.
        monitor: the metric that it is judged by.
        measured: the list of what is measured, as it is recorded.
        metrics: the last value of each that was asked for.
    """

    run_id: str
    name: str
    experiment: str
    status: str
    start_ms: int
    end_ms: int | None
    place: str
    tags: Mapping[str, str] = field(default_factory=dict)
    init_from: str | None = None
    monitor: str | None = None
    measured: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)

    @property
    def bundle(self) -> str | None:
        """What identifies the bundle that it was taken in from; None if it was trained here."""
        return self.tags.get(BUNDLE)


def found_ids(uri: str, sweep: Entry) -> list[str] | None:
    """Return the runs that a sweep found trained by others; None if that cannot be known.

    Then its file is damaged, or it is on a disk that is not mounted here, or nobody gives it.

    Args:
        uri: of the record.
        sweep: of that record.
    """
    folder = local_folder(sweep.place)
    try:
        if folder is None:
            text = read_text(uri, sweep.run_id, FOUND_FILE)
        elif folder.is_dir():  # without asking MLflow for each of many sweeps
            file = folder / FOUND_FILE
            text = file.read_text() if file.is_file() else None
        elif folder.parent.parent.is_dir():  # the experiment's: this sweep has kept nothing
            return []
        else:
            return None
    except (OSError, ValueError, UserError):
        return None
    return ids_in(text) if text is not None else []


def read_entries(uri: str | None, metrics: Sequence[str]) -> list[Entry]:
    """Return all runs and sweeps that were not deleted, the newest first.

    Args:
        uri: of the record; None for the default one.
        metrics: that are wanted; if any are, what runs monitor is, too.

    Raises:
        UserError: there is no such record.
    """
    uri = existing(uri)
    with explained_errors(uri):
        found = _from_database(uri, metrics) if can_be_read(uri) else _searched(uri, metrics)
        return sorted(found, key=lambda entry: (-entry.start_ms, entry.run_id))


def _from_database(uri: str, metrics: Sequence[str]) -> Iterator[Entry]:
    with connected(uri) as connection:
        tags = texts_by_run(connection, TAGS, TAGS.c.key.in_(SHOWN_TAGS))
        params = texts_by_run(connection, PARAMS, PARAMS.c.key.in_((START, MONITOR, MEASURED)))
        monitored = {each[MONITOR] for each in params.values() if MONITOR in each}
        wanted = [*metrics, *_of_monitored(monitored if metrics else ())]
        values = numbers_by_run(connection, LATEST_METRICS.c.key.in_(wanted))
        for row in connection.execute(_runs()).all():
            run_id, name, experiment, status, start_ms, end_ms, place = row
            own = params[run_id]
            yield Entry(
                run_id=run_id,
                name=name,
                experiment=experiment,
                status=status,
                start_ms=start_ms,
                end_ms=end_ms,
                place=place,
                tags=tags[run_id],
                init_from=_start(own),
                monitor=own.get(MONITOR),
                measured=own.get(MEASURED, ""),
                metrics=values[run_id],
            )


def _runs() -> Any:
    own = RUNS.c
    asked = select(
        *(own.run_uuid, own.name, EXPERIMENTS.c.name, own.status, own.start_time, own.end_time),
        own.artifact_uri,
    )
    together = asked.join(EXPERIMENTS, EXPERIMENTS.c.experiment_id == own.experiment_id)
    return together.where(own.lifecycle_stage == ACTIVE)


def _start(params: Mapping[str, str]) -> str | None:
    start = params.get(START, "null")
    return None if start == "null" else start


def _of_monitored(names: Iterable[str]) -> Iterator[str]:
    """Return under which names the last and the kept value of metrics are recorded."""
    for each in names:
        yield from (each, at_best(each))


def _searched(uri: str, metrics: Sequence[str]) -> Iterator[Entry]:
    client = client_of(uri)
    for experiment in ClientRecords(client).experiments():
        for run in search(client, [experiment.experiment_id], ""):
            yield entry_of(run, experiment.name, metrics)


def entry_of(run: "Run", experiment: str, metrics: Sequence[str]) -> Entry:
    """Return what matters of MLflow's run.

    Args:
        run: MLflow's.
        experiment: the name of its experiment.
        metrics: that are wanted.
    """
    info, data = run.info, run.data
    monitor = data.params.get(MONITOR)
    wanted = [*metrics, *_of_monitored([monitor] if monitor and metrics else ())]
    return Entry(
        run_id=info.run_id,
        name=info.run_name,
        experiment=experiment,
        status=info.status,
        start_ms=info.start_time,
        end_ms=info.end_time,
        place=info.artifact_uri,
        tags={key: data.tags[key] for key in SHOWN_TAGS if key in data.tags},
        init_from=_start(data.params),
        monitor=monitor,
        measured=data.params.get(MEASURED, ""),
        metrics={key: as_measured(data.metrics[key]) for key in wanted if key in data.metrics},
    )
