"""Which version of MLflow a server is."""

import sweep.tracking.mlflow_loaded  # noqa: F401 - before MLflow

# isort: split
from typing import Any

from mlflow import MlflowClient
from mlflow.utils.rest_utils import http_request

from sweep.tracking.connection import explained_errors, short_timeouts


def server_version(uri: str) -> str:
    """Return the version of the MLflow server at this address.

    Raises:
        UserError: it does not answer, or what answers is no MLflow.
    """
    request: Any = http_request  # it has no types
    with explained_errors(uri), short_timeouts():
        credentials = MlflowClient(uri)._tracking_client.store.get_host_creds()
        answer = request(credentials, "/version", "GET")
        answer.raise_for_status()
        return str(answer.text).strip()[:20]
