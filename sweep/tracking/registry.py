"""Models that are recorded: found, fetched, and put into MLflow's model registry."""

import sweep.tracking.mlflow_loaded  # noqa: F401 - before MLflow

# isort: split
import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

import mlflow.artifacts
import yaml
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.tracking._tracking_service.utils import _use_tracking_uri
from mlflow.utils.mlflow_tags import MLFLOW_MODEL_VERSIONS

from sweep.errors import UserError
from sweep.tracking.artifacts import has_artifact
from sweep.tracking.connection import explained_errors, words_of
from sweep.tracking.first_use import unless_others_were_faster
from sweep.tracking.logged_model import DATA, MODEL, find_model
from sweep.tracking.names import FINGERPRINT, NAMES_FILE
from sweep.tracking.parameters import parameters_of
from sweep.tracking.queries import existing, find_run
from sweep.uris import redacted

CHAMPION = "champion"  # the alias of the best

Loaded = TypeVar("Loaded")


def model_of(uri: str, run_id: str) -> str:
    """Return the id of a run's model.

    Raises:
        UserError: there is no such run, or it has no model.
    """
    run = find_run(uri, run_id)
    run_id = run.info.run_id
    try:
        known = find_model(MlflowClient(uri), run)
    except MlflowException as error:
        raise UserError(f"run {run_id} has no model any more: {error.message}") from error
    if known is not None:
        return str(known.model_id)
    if FINGERPRINT not in run.data.tags:
        raise UserError(
            f"run {run_id} ({run.info.run_name}) was logged by another program, and has no model "
            "of this one; allowed are runs that `sweep` has trained"
        )
    raise UserError(
        f"run {run_id} ({run.info.status}) has no model: one that is FINISHED has it if it was "
        "trained by this version, without keep_models=none; rerun=true trains it again"
    )


def fetch_model(
    uri: str | None, model: str, loaders: Mapping[str, Callable[[Path], Loaded]], folder: Path
) -> Loaded:
    """Fetch a model, and return what its loader makes of it.

    Args:
        uri: of the record.
        model: the id of a run, or an address of MLflow's, as ``models:/digits@champion``.
        loaders: by the module that a model is made for, which is not executed itself: they are
            given the folder of its data.
        folder: to put it in.

    Raises:
        UserError: there is no such model, or it is of another kind.
    """
    uri = existing(uri)
    try:
        # Not the address itself: MLflow would look for it in the process's own record.
        location = MlflowClient(uri).get_logged_model(model_at(uri, model)).artifact_location
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
    load = loaders.get(pyfunc.get("loader_module"))
    if load is None:
        raise UserError(
            f"{model}: is a model of another kind (loaded by {pyfunc.get('loader_module')}); "
            "allowed are those that this program has logged"
        )
    return load(Path(place) / DATA)


def fetch_parameters(uri: str | None, address: str) -> bytes:
    """Fetch the parameters that a run has kept, in Gluon's own format.

    Args:
        uri: of the record.
        address: the id of a run; or ``models:/NAME@ALIAS`` or ``models:/NAME/VERSION`` for the run
            that has logged this model.

    Raises:
        UserError: there is no such run or model, or it has no parameters.
    """
    uri, run_id = existing(uri), address
    client = MlflowClient(uri)
    if address.startswith("models:/"):
        try:
            run_id = str(client.get_logged_model(model_at(uri, address)).source_run_id)
        except MlflowException as error:
            what = f"no such model in {redacted(uri)}: {words_of(error)}"
            raise UserError(what) from error
    run = find_run(uri, run_id)
    run_id = run.info.run_id
    with explained_errors(uri):
        found = parameters_of(uri, run_id)
        had = found is None and has_artifact(client, run_id, NAMES_FILE)
    if had and run.info.status == "FINISHED":
        raise UserError(
            f"run {run_id} has no trained parameters any more: its model, which had them, was "
            "removed; rerun=true trains it again"
        )
    if found is None:
        raise UserError(
            f"run {run_id} is {run.info.status} and has no trained parameters, which a run keeps "
            "when it is FINISHED"
        )
    return found


def model_at(uri: str, address: str) -> str:
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
                version = unless_others_were_faster(
                    partial(client.create_model_version, name, source, run_id, model_id=model_id)
                )
            _link(client, model_id, version)
        number = version.version
        for key, value in tags.items():
            unless_others_were_faster(
                partial(client.set_model_version_tag, name, number, key, value)
            )
        unless_others_were_faster(
            partial(client.set_registered_model_alias, name, CHAMPION, number)
        )
    return int(number)


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
