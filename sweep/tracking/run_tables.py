"""What is recorded of runs, as a pandas table."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import Any

import pandas as pd

from sweep.errors import UserError
from sweep.tracking.artifacts import ids_in, kept_text
from sweep.tracking.connection import explained_errors
from sweep.tracking.experiments import deleted, not_there
from sweep.tracking.names import DECIDED_BY, FOUND_FILE, MLFLOW_PARENT_RUN_ID, TIED_RUNS
from sweep.tracking.parts import IDS_AT_ONCE, in_parts
from sweep.tracking.queries import existing, find_run
from sweep.tracking.records import (
    ALL,
    RecordedRun,
    Records,
    Where,
    recorded_run,
    records_of,
)
from sweep.uris import redacted


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
            raise not_there(experiment, records.experiments(), uri)
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
        if run.is_sweep:
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
    yield "start_ms", run.start_ms
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
    return [each for each in (ids_in(text) or () if text else ()) if each.isalnum()]
