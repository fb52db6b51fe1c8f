"""The record, the run or the sweep that is meant, and what it says of itself."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import OperationalError
from typing import TYPE_CHECKING

from sweep.errors import UserError
from sweep.tracking.connection import (
    check_answers,
    database_file,
    explained_errors,
    opened,
    words_of,
)
from sweep.tracking.experiments import not_there
from sweep.tracking.mending import mend_locations
from sweep.tracking.mlflow_import import client_of
from sweep.tracking.names import (
    KIND,
    MLFLOW_OWN,
    SWEEP,
)
from sweep.tracking.records import (
    Where,
    records_of,
)
from sweep.tracking.run_info import run_info
from sweep.tracking.short_ids import WHOLE, whole_run_id, whole_sweep_id
from sweep.uris import redacted, resolve_uri

if TYPE_CHECKING:
    from mlflow import MlflowClient
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
    run_id, client = whole_run_id(uri, given), opened(uri)
    from mlflow.exceptions import MlflowException

    try:
        run = client.get_run(run_id)
    except MlflowException as error:
        what = f"{run_id} is not a run in {redacted(uri)}: {words_of(error)}"
        raise UserError(what) from error
    if run_info(run).is_sweep:
        raise UserError(
            f"{run_id} is a sweep; name one of its runs: python -m sweep.leaderboard --sweep "
            f"{run_id} --output runs.csv shows their ids"
        )
    return run


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
        known = records.experiments()
        numbers = [each.experiment_id for each in known if experiment in (None, each.name)]
        if experiment is not None and not numbers:
            raise not_there(experiment, known, uri)
        found = next(records.runs(numbers, Where(tag=(KIND, SWEEP)), most=1), None)
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


def run_or_sweep(client: "MlflowClient", uri: str, run_id: str, given: str) -> "Run":
    """Return MLflow's run of this id.

    Args:
        client: of the record.
        uri: of the record.
        run_id: MLflow's.
        given: by the user, who meant this id.

    Raises:
        UserError: there is none, or it cannot be read.
    """
    from mlflow.exceptions import MlflowException

    with explained_errors(uri):
        try:
            return client.get_run(run_id)
        except MlflowException as error:
            if error.error_code in NOT_THERE:
                raise neither(given, uri) from error
            raise


def read_about(uri: str | None, run_id: str) -> About:
    """Return what is recorded of a run or a sweep itself.

    Raises:
        UserError: there is no such record or run, or it is deleted.
    """
    uri = existing(uri)
    client = opened(uri)
    run = run_or_sweep(client, uri, run_id, run_id)
    info, known = run.info, run_info(run)
    if info.lifecycle_stage == "deleted":
        raise UserError(
            f"{run_id} ({info.run_name}) is deleted in {redacted(uri)}; "
            f"mlflow runs restore --run-id {run_id} brings it back"
        )
    with explained_errors(uri):
        experiment = client.get_experiment(info.experiment_id).name
    return About(
        run_id=known.run_id,
        name=known.name,
        experiment=experiment,
        is_sweep=known.is_sweep,
        status=known.state,
        start_ms=info.start_time,
        end_ms=info.end_time,
        params=known.params,
        tags={key: value for key, value in known.tags.items() if not key.startswith(MLFLOW_OWN)},
    )
