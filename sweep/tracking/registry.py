"""Models that are recorded: found, fetched, and put into MLflow's model registry."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import mlflow.artifacts
import yaml
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.tracking._tracking_service.utils import _use_tracking_uri
from mlflow.utils.mlflow_tags import MLFLOW_MODEL_VERSIONS

from sweep.errors import UserError
from sweep.tracking.connection import explained_errors
from sweep.tracking.logged_model import DATA, MODEL, outputs
from sweep.tracking.queries import existing, find_run
from sweep.uris import redacted

CHAMPION = "champion"  # the alias of the best


def model_of(uri: str, run_id: str) -> str:
    """Return the id of a run's model.

    Raises:
        UserError: there is no such run, or it has no model.
    """
    run = find_run(uri, run_id)
    client = MlflowClient(uri)
    try:
        known = [client.get_logged_model(each) for each in outputs(run)]
    except MlflowException as error:  # it was deleted
        raise UserError(f"run {run_id} has no model any more: {error.message}") from error
    own = [each.model_id for each in known if each.name == MODEL]
    if not own:
        raise UserError(
            f"run {run_id} ({run.info.status}) has no model: one that is FINISHED has it if it was "
            "trained by this version, where rerun=true trains it again, and if its network is one "
            "graph, which not all networks of users are"
        )
    return str(own[0])


def fetch_model(uri: str | None, model: str, loader: str, folder: Path) -> Path:
    """Fetch a model, and return the folder with what its loader is given.

    Args:
        uri: of the record.
        model: the id of a run, or an address of MLflow's, as ``models:/digits@champion``.
        loader: the module that the model must be made for; nothing of its code is executed.
        folder: to put it in.

    Raises:
        UserError: there is no such model, or it is of another kind.
    """
    uri = existing(uri)
    try:
        # Not the address itself: MLflow would look for it in the process's own record.
        location = MlflowClient(uri).get_logged_model(_model_id(uri, model)).artifact_location
        place = mlflow.artifacts.download_artifacts(
            location, dst_path=str(folder), tracking_uri=uri
        )
        described = yaml.safe_load((Path(place) / "MLmodel").read_text())
    except (MlflowException, OSError) as error:
        raise UserError(
            f"{model}: no such model in {redacted(uri)}; allowed: the id of a run, "
            f"runs:/RUN_ID/{MODEL}, models:/NAME@ALIAS or models:/NAME/VERSION. "
            f"{redacted(str(error))}"
        ) from error
    pyfunc = described.get("flavors", {}).get("python_function", {})
    if pyfunc.get("loader_module") != loader:
        raise UserError(
            f"{model}: is a model of another kind (loaded by {pyfunc.get('loader_module')}); "
            "allowed are those that this program has logged"
        )
    return Path(place) / DATA


def _model_id(uri: str, address: str) -> str:
    """Return the id of the model that a run's id, ``runs:/…`` or ``models:/…`` stands for."""
    if found := re.fullmatch(rf"runs:/([^/]+)/{MODEL}", address):
        return model_of(uri, found[1])
    if not address.startswith("models:/"):
        return model_of(uri, address)
    client, name = MlflowClient(uri), address.removeprefix("models:/")
    if "@" in name:
        version = client.get_model_version_by_alias(*name.rsplit("@", 1))
    elif "/" in name:
        version = client.get_model_version(*name.rsplit("/", 1))
    else:
        return name
    return str(version.source).removeprefix("models:/")


def register(uri: str | None, run_id: str, name: str, tags: Mapping[str, str]) -> int:
    """Make a run's model the champion of this name, and return its version.

    Args:
        uri: of the record.
        run_id: a FINISHED run.
        name: in the model registry; need not be there.
        tags: for the version.

    Raises:
        UserError: the run has no model, or MLflow does not take the name.
    """
    uri = existing(uri)
    model_id = model_of(uri, run_id)
    client = MlflowClient(uri)
    with explained_errors(uri):
        try:
            client.create_registered_model(name)
        except MlflowException as error:
            if error.error_code == "INVALID_PARAMETER_VALUE":
                what = f"{name!r} cannot be the name of a model: {error.message}"
                raise UserError(what) from error
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        source = f"models:/{model_id}"
        version = _champion(client, name)
        if version is None or version.source != source:
            with _use_tracking_uri(uri):  # MLflow's own stores ask the process's record for it
                version = client.create_model_version(name, source, run_id, model_id=model_id)
            _link(client, model_id, version)
        for key, value in tags.items():
            client.set_model_version_tag(name, version.version, key, value)
        client.set_registered_model_alias(name, CHAMPION, version.version)
    return int(version.version)


def _champion(client: MlflowClient, name: str) -> ModelVersion | None:
    number = client.get_registered_model(name).aliases.get(CHAMPION)
    return client.get_model_version(name, number) if number else None


def _link(client: MlflowClient, model_id: str, version: ModelVersion) -> None:
    """Let the model's page lead to the registered version, as ``mlflow.register_model`` does."""
    known = json.loads(client.get_logged_model(model_id).tags.get(MLFLOW_MODEL_VERSIONS, "[]"))
    own = {"name": version.name, "version": version.version}
    if own not in known:
        value = json.dumps([*known, own])
        client.set_logged_model_tags(model_id, {MLFLOW_MODEL_VERSIONS: value})
