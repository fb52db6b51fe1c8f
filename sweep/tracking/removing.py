"""Runs and models marked as deleted in MLflow, and what belongs to them on this machine."""

import sweep.tracking.mlflow_loaded  # noqa: F401 - before MLflow

# isort: split
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Experiment, ViewType
from mlflow.entities import LoggedModel as MlflowModel
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from sweep.tracking.connection import database_file, explained_errors
from sweep.tracking.database import places_of
from sweep.tracking.locations import DATABASE, OwnPlaces, local_folder, own_places
from sweep.tracking.names import PARAMETERS_FILE
from sweep.tracking.overview import Entry, entry_of
from sweep.tracking.parts import pages
from sweep.tracking.run_info import RUNS_A_PAGE

IDS = re.compile("m-[0-9a-f]{32}|[0-9a-f]{32}")  # of models and runs, in an address
OF_A_RUN_OR_MODEL = "artifacts"  # the name that MLflow gives to the folder of its files


@dataclass(frozen=True)
class LoggedModel:
    """A model that a run has logged.

    Attributes:
        model_id: MLflow's.
        run_id: of the run.
        place: the address of the folder with its files.
    """

    model_id: str
    run_id: str
    place: str


def read_models(uri: str) -> list[LoggedModel]:
    """Return the models that runs have logged, those of deleted runs too."""
    client = MlflowClient(uri)
    with explained_errors(uri):
        return [
            LoggedModel(each.model_id, each.source_run_id or "", each.artifact_location)
            for experiment in _experiments(client)
            for each in _models(client, experiment.experiment_id)
        ]


def _experiments(client: MlflowClient) -> list[Experiment]:
    return [*pages(lambda token: client.search_experiments(ViewType.ALL, page_token=token))]


def _models(client: MlflowClient, experiment_id: str) -> Iterator[MlflowModel]:
    return pages(lambda token: client.search_logged_models([experiment_id], page_token=token))


def registered_models(uri: str) -> dict[str, str]:
    """Return the names in MLflow's registry of models, and of runs that such a model is made from.

    Returns:
        A name by each id, of a model or a run.
    """
    client = MlflowClient(uri)
    found: dict[str, str] = {}
    with explained_errors(uri):
        for each in pages(lambda token: client.search_model_versions(page_token=token)):
            ids = {each.run_id, each.model_id, *IDS.findall(str(each.source))}
            found |= {str(known): str(each.name) for known in ids if known}
    return found


def read_deleted(uri: str) -> list[Entry]:
    """Return the runs and sweeps that are marked as deleted."""
    client = MlflowClient(uri)
    with explained_errors(uri):
        names = {each.experiment_id: each.name for each in _experiments(client)}
        found = pages(
            lambda token: client.search_runs(
                [*names], "", ViewType.DELETED_ONLY, max_results=RUNS_A_PAGE, page_token=token
            )
        )
        return [entry_of(run, names[run.info.experiment_id], ()) for run in found]


def read_own_places(uri: str) -> OwnPlaces:
    """Return which folders on this machine are the record's own: all, where it is no file."""
    if (file := database_file(uri)) is None:
        return OwnPlaces()
    with explained_errors(uri):
        known = _experiments(MlflowClient(uri))
    return own_places(file, [(each.artifact_location, each.tags.get(DATABASE)) for each in known])


def delete_runs(uri: str, run_ids: Collection[str]) -> None:
    """Mark runs and sweeps as deleted; ``mlflow`` can restore them, but not their files."""
    client = MlflowClient(uri)
    with explained_errors(uri):
        for run_id in run_ids:
            client.delete_run(run_id)


def delete_models(uri: str, model_ids: Collection[str]) -> None:
    """Mark models as deleted."""
    client = MlflowClient(uri)
    with explained_errors(uri):
        for model_id in model_ids:
            client.delete_logged_model(model_id)


def drop_parameters(
    uri: str, run_ids: Collection[str], models: Collection[LoggedModel]
) -> set[str]:
    """Remove the trained parameters of runs, and models with their files, wherever they are kept.

    What may be another record's stays: see :class:`OwnPlaces`.

    Args:
        uri: of the record.
        run_ids: of the runs.
        models: to be removed.

    Returns:
        The runs of which something was removed.

    Raises:
        UserError: the record cannot be written.
    """
    client, folder = MlflowClient(uri), PARAMETERS_FILE.partition("/")[0]
    places, removed = read_own_places(uri), set()
    with explained_errors(uri):
        for model in models:
            if places.have(model.place):
                _delete(uri, model.place)  # before the mark: who comes after it finds them no more
                client.delete_logged_model(model.model_id)
                removed.add(model.run_id)
        known = places_of(uri, [*run_ids])
        for run_id in run_ids:
            place = known.get(run_id) or client.get_run(run_id).info.artifact_uri
            if places.have(place) and _keeps(client, run_id, place, folder):
                _delete(uri, place, folder)
                removed.add(run_id)
    return removed


def _keeps(client: MlflowClient, run_id: str, place: str, path: str) -> bool:
    """Return whether a run, whose files are kept at a place, has any below a path."""
    if (folder := local_folder(place)) is not None:
        return (folder / path).is_dir() and any((folder / path).iterdir())
    return bool(client.list_artifacts(run_id, path))


def _delete(uri: str, place: str, path: str | None = None) -> None:
    """Delete what is kept under a path of a place, or all of it."""
    repository: Any = get_artifact_repository(place, uri)  # it has no types
    repository.delete_artifacts(path)


def own_folder(place: str, owner_id: str) -> Path | None:
    """Return the folder that a run or a model has for itself; None if it is not on this machine.

    Args:
        place: the address of the folder with its files, as MLflow has it.
        owner_id: of the run or the model; a folder that is not named after it is not its own.
    """
    folder = local_folder(place)
    is_own = folder and folder.name == OF_A_RUN_OR_MODEL and folder.parent.name == owner_id
    return folder.parent if folder and is_own and folder.parent.is_dir() else None
