"""The files that a run keeps, read back."""

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sweep.tracking.connection import explained_errors, opened
from sweep.tracking.database import places_of
from sweep.tracking.locations import local_folder
from sweep.tracking.mlflow_import import quiet_mlflow
from sweep.uris import resolve_uri

if TYPE_CHECKING:
    from mlflow import MlflowClient


def has_artifact(client: "MlflowClient", run_id: str, path: str) -> bool:
    """Return whether a run keeps a file under this path."""
    folder = path.rpartition("/")[0] or None
    return any(each.path == path for each in client.list_artifacts(run_id, folder))


def files_below(client: "MlflowClient", run_id: str, path: str, folder: str) -> dict[str, bytes]:
    """Return all artifacts below a path, by their places below it.

    Args:
        client: MLflow's.
        run_id: MLflow's.
        path: of a folder among the artifacts.
        folder: for what is downloaded.
    """
    if not client.list_artifacts(run_id, path):
        return {}
    fetched = Path(client.download_artifacts(run_id, path, folder))
    files = sorted(each for each in fetched.rglob("*") if each.is_file())
    return {each.relative_to(fetched).as_posix(): each.read_bytes() for each in files}


def read_text(uri: str | None, run_id: str, path: str) -> str | None:
    """Return a text that a run keeps; None if it has none under this path.

    Raises:
        UserError: the record cannot be read.
    """
    uri = resolve_uri(uri)
    with explained_errors(uri):
        if (place := places_of(uri, [run_id]).get(run_id)) is None:
            return _fetched(uri, run_id, path)
        return kept_text(uri, run_id, place, path)


def kept_text(uri: str, run_id: str, place: str, path: str) -> str | None:
    """Return a text as :func:`read_text` does; from this machine's disk, if that is where it is.

    Args:
        uri: of the record.
        run_id: MLflow's.
        place: the address of the folder with the run's artifacts.
        path: of the file in it.
    """
    if (folder := local_folder(place)) is None:
        return _fetched(uri, run_id, path)
    file = folder / path
    return file.read_text(encoding="utf-8") if file.is_file() else None


def ids_in(text: str) -> list[str] | None:
    """Return the run ids in a sweep's ``found.json``; None if the file is damaged."""
    try:
        ids = json.loads(text)
    except ValueError:
        return None
    return [str(each) for each in ids] if isinstance(ids, list) else None


def _fetched(uri: str, run_id: str, path: str) -> str | None:
    client = opened(uri)
    with explained_errors(uri), tempfile.TemporaryDirectory() as folder, quiet_mlflow():
        if not has_artifact(client, run_id, path):
            return None
        return Path(client.download_artifacts(run_id, path, folder)).read_text(encoding="utf-8")
