"""The trained parameters of a run: where they are kept, and read from.

They are kept once: in its model, whose file has all of them under the names that its graph has.
The run then has their names in the network beside it. What has no such model, and all runs of
earlier versions, have them as a file of their own.
"""

import sweep.tracking.mlflow_loaded  # noqa: F401 - before MLflow

# isort: split
import json
import tempfile
from pathlib import Path

import mlflow.artifacts
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from sweep.errors import UserError
from sweep.networks.params_file import Broken, renamed
from sweep.tracking.artifacts import has_artifact
from sweep.tracking.logged_model import DATA, find_model
from sweep.tracking.names import NAMES_FILE, PARAMETERS_FILE

DELETED = "RESOURCE_DOES_NOT_EXIST"  # MLflow's word for it


def parameters_of(uri: str, run_id: str) -> bytes | None:
    """Return the parameters that a run has kept, in Gluon's own format.

    Args:
        uri: of the record.
        run_id: the whole id.

    Returns:
        The bytes that ``save_parameters`` wrote of its network; None if it has none, or not any
        more.

    Raises:
        UserError: its model does not have what it had.
    """
    client = MlflowClient(uri)
    with tempfile.TemporaryDirectory() as folder:
        if has_artifact(client, run_id, PARAMETERS_FILE):
            return Path(client.download_artifacts(run_id, PARAMETERS_FILE, folder)).read_bytes()
        if not has_artifact(client, run_id, NAMES_FILE):
            return None
        text = Path(client.download_artifacts(run_id, NAMES_FILE, folder)).read_text()
        what = NAMES_FILE
        try:
            what, names = _read_names(text)
            content = _file_of_model(uri, run_id, f"{DATA}/{what}", folder)
            return None if content is None else renamed(content, names)
        except Broken as error:
            raise UserError(
                f"run {run_id}: the parameters in its model cannot be read: {what} {error}; "
                "rerun=true trains it again"
            ) from error


def _read_names(text: str) -> tuple[str, dict[str, str]]:
    """Return the name of the model's file, and the names in it by those in the network."""
    try:
        kept = json.loads(text)
        return str(kept["file"]), {str(key): str(name) for key, name in kept["names"].items()}
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise Broken("is not what it should be") from error


def _file_of_model(uri: str, run_id: str, path: str, folder: str) -> bytes | None:
    """Return a file of a run's model; None if one of them is not there any more."""
    client = MlflowClient(uri)
    try:
        model = find_model(client, client.get_run(run_id))
    except MlflowException as error:
        if error.error_code == DELETED:
            return None
        raise
    if model is None:
        return None
    files = client.list_logged_model_artifacts(model.model_id, DATA)
    if not any(each.path == path for each in files):
        return None
    place = f"{model.artifact_location}/{path}"
    found = mlflow.artifacts.download_artifacts(place, dst_path=folder, tracking_uri=uri)
    return Path(found).read_bytes()
