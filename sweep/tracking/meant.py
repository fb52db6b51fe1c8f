"""The runs of an experiment or a sweep, whichever is meant by a name or an id."""

from collections.abc import Mapping
from typing import Any

from sweep.errors import UserError, nearest
from sweep.tracking.connection import explained_errors
from sweep.tracking.queries import existing, read_about
from sweep.tracking.records import RecordedRun, Records, Where, records_of
from sweep.tracking.run_info import RunInfo
from sweep.tracking.run_tables import read_runs
from sweep.tracking.short_ids import WHOLE, whole_sweep_id
from sweep.uris import redacted


def runs_of_meant(uri: str | None, given: str) -> list[RunInfo]:
    """Return the runs of an experiment or a sweep, the newest first.

    Args:
        uri: of the record; None for the default one.
        given: the name of an experiment, or its id; or a sweep's id, its beginning, or its name.

    Raises:
        UserError: there is none, it has no runs, or several may be meant.
    """
    experiment, sweep_id = _meant(existing(uri), given)
    table = read_runs(uri, experiment, sweep_id)
    if table.empty:
        raise UserError(f"{given} has no runs yet")
    rows: list[Any] = table.to_dict("records")
    return [_run(row) for row in rows]


def experiment_of(uri: str | None, sweep_id: str) -> str:
    """Return the name of the experiment that a sweep is in.

    Args:
        uri: of the record; None for the default one.
        sweep_id: the whole id of its parent run.

    Raises:
        UserError: there is no such record or sweep, or it is deleted.
    """
    uri = existing(uri)
    with explained_errors(uri):
        found = _found(records_of(uri), sweep_id)
    return found[0] if found else read_about(uri, sweep_id).experiment


def _found(records: Records, run_id: str) -> tuple[str, RecordedRun] | None:
    """Return a run or a sweep, and the name of the experiment that it is in."""
    experiments = {each.experiment_id: each.name for each in records.experiments()}
    run = next(records.runs([*experiments], Where(run_ids=[run_id])), None)
    return (experiments[run.experiment_id], run) if run else None


def _meant(uri: str, given: str) -> tuple[str, str | None]:
    """Return the name of an experiment, and the id of the sweep in it, if that is meant."""
    with explained_errors(uri):
        records = records_of(uri)
        experiments = {each.experiment_id: each.name for each in records.experiments()}
        if given in experiments.values():
            return given, None
    if WHOLE.fullmatch(sweep_id := whole_sweep_id(uri, given)):
        with explained_errors(uri):
            found = _found(records, sweep_id)
        if found and found[1].is_sweep:
            return found[0], sweep_id
    if given in experiments:
        return experiments[given], None
    names = sorted(experiments.values())
    raise UserError(
        f"{given} is neither an experiment nor a sweep in {redacted(uri)}{nearest(given, names)}; "
        f"experiments: {', '.join(names)}"
    )


def _run(row: Mapping[str, Any]) -> RunInfo:
    return RunInfo(
        run_id=row["run_id"],
        name=row["run"],
        status=row["status"],
        params=_texts(row, "params."),
        metrics={
            name.removeprefix("metrics."): value
            for name, value in row.items()
            if name.startswith("metrics.") and value is not None and value == value  # not NaN
        },
        tags=_texts(row, "tags."),
    )


def _texts(row: Mapping[str, Any], prefix: str) -> dict[str, str]:
    return {
        name.removeprefix(prefix): value
        for name, value in row.items()
        if name.startswith(prefix) and isinstance(value, str)
    }
