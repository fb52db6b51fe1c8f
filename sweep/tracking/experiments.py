"""An MLflow experiment: found by its name or created, and the folder of its artifacts checked."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from sweep.errors import UserError, nearest
from sweep.files import obstacle
from sweep.tracking.connection import database_file, explained_errors
from sweep.tracking.locations import (
    DATABASE,
    is_beside,
    local_folder,
    location_of_new,
    whole_path,
)
from sweep.tracking.mending import mend_locations
from sweep.tracking.records import KnownExperiment, Records
from sweep.uris import is_database, redacted

if TYPE_CHECKING:
    from mlflow import MlflowClient

NEW_LETTERS = 256  # of an experiment: what all databases take; those of SQLite may have longer ones
# MLflow's pages then open with what belongs to training, not to language models.
TRAINING_EXPERIMENT = {"mlflow.experimentKind": "custom_model_development"}

GetClient = Callable[[], "MlflowClient"]  # its import takes a second: only what writes calls it


def found_or_created(uri: str, experiment: str, records: Records, client: GetClient) -> str:
    """Return the id of the experiment of this name, which is created if there is none.

    Args:
        uri: of the store.
        experiment: its name.
        records: of the store.
        client: returns MLflow's client of it.

    Raises:
        UserError: it was deleted; or there is none, and its name is too long for a new one.
    """
    known = found(uri, experiment, records)
    return known.experiment_id if known else _created(uri, experiment, records, client)


def found(uri: str, experiment: str, records: Records) -> KnownExperiment | None:
    """Return the experiment of this name; None if there is none.

    Raises:
        UserError: it was deleted.
    """
    known = records.experiment(experiment)
    if known and known.is_deleted:
        raise UserError(f"tracking.experiment={experiment}: {deleted(known, uri)}")
    return known


def _created(uri: str, experiment: str, records: Records, client: GetClient) -> str:
    check_new_name(experiment)
    creates = client().create_experiment
    from mlflow.exceptions import MlflowException

    try:
        place = location_of_new() if is_database(uri) else None
        tags = dict(TRAINING_EXPERIMENT)
        if file := database_file(uri):
            tags[DATABASE] = whole_path(file)
        created: str = creates(experiment, place, tags=tags)
    except MlflowException:
        if (known := found(uri, experiment, records)) is None:
            raise
        return known.experiment_id  # another process was faster
    return created


def check_artifacts(uri: str, experiment: str, records: Records, client: GetClient) -> None:
    """Check that artifacts can be kept, if that is on this machine: beside an SQLite database.

    One that was moved or copied has its artifacts there from now on.

    Args:
        uri: of the store.
        experiment: the name of one that is there.
        records: of the store.
        client: returns MLflow's client of it.

    Raises:
        UserError: they cannot.
    """
    file = database_file(uri)
    with explained_errors(uri):
        waiting = mend_locations(file) if file else set()
        known = records.experiment(experiment)
    assert known  # since it was found or created
    place, folder = known.place, local_folder(known.place)
    if known.experiment_id in waiting:
        raise UserError(
            f"tracking.experiment={experiment}: its artifacts are kept where the database was "
            f"({folder}), and while a run is RUNNING that is not changed; allowed is to wait for "
            "its end, or another experiment: tracking.experiment=NAME"
        )
    check_artifact_folder(experiment, folder)
    if file and is_beside(place, file) and known.tags.get(DATABASE) != whole_path(file):
        with explained_errors(uri):
            client().set_experiment_tag(known.experiment_id, DATABASE, whole_path(file))


def check_artifact_folder(experiment: str, folder: Path | None) -> None:
    """Check that artifacts can be written.

    Args:
        experiment: its name.
        folder: of its artifacts; None if they are not on this machine.

    Raises:
        UserError: they cannot.
    """
    if folder and (why := obstacle(folder)):
        raise UserError(
            f"tracking.experiment={experiment}: its artifacts cannot be written ({why}); "
            "allowed is a folder that can, or another experiment: tracking.experiment=NAME"
        )


def check_new_name(experiment: str) -> None:
    """Check the name of an experiment that is not there yet.

    Raises:
        UserError: it is too long.
    """
    if len(experiment) > NEW_LETTERS:
        raise UserError(
            f"tracking.experiment={experiment}: allowed is a name of {NEW_LETTERS} letters at "
            "most, or that of an experiment which is there"
        )


def not_there(experiment: str, known: Iterable[KnownExperiment], uri: str) -> UserError:
    """Return the error that says that there is no such experiment, and which there are."""
    names = sorted(each.name for each in known)
    return UserError(
        f"experiment {experiment} is not in {redacted(uri)}{nearest(experiment, names)}; "
        f"there are: {', '.join(names)}"
    )


def deleted(experiment: KnownExperiment, uri: str) -> str:
    """Say that an experiment was deleted, and how it comes back."""
    return (
        f"was deleted in {redacted(uri)}; allowed: another name, or `mlflow experiments restore "
        f"-x {experiment.experiment_id}`"
    )
