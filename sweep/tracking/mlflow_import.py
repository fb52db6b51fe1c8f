"""MLflow, imported when it is needed, so that it reports nothing; and kept quiet in our programs.

Its import takes a second. What only reads a database does without.
"""

import atexit
import functools
import gc
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sweep.variables import environment_variables

if TYPE_CHECKING:
    from mlflow import MlflowClient

CHATTY = ("mlflow", "alembic")  # loggers
NO_TELEMETRY = {"MLFLOW_DISABLE_TELEMETRY": "true"}
QUIET = {
    **NO_TELEMETRY,
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


def _unless_set(values: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that the user has not set to anything."""
    return {name: value for name, value in values.items() if name not in os.environ}


@contextmanager
def _kept_levels() -> Iterator[None]:
    """Keep what was set of MLflow's loggers, which it sets itself when it is imported."""
    before = {name: logging.getLogger(name).level for name in CHATTY}
    yield
    for name, level in before.items():
        if level != logging.NOTSET:
            logging.getLogger(name).setLevel(level)


@functools.cache
def import_mlflow() -> None:
    """Import MLflow, if nobody has: all that imports it calls this before."""
    # It makes what reports its use when it is imported, or never (mlflow/telemetry/client.py).
    with environment_variables(_unless_set(NO_TELEMETRY)), _kept_levels():
        import mlflow  # noqa: F401


def client_of(uri: str) -> "MlflowClient":
    """Return MLflow's client of a record."""
    import_mlflow()
    from mlflow import MlflowClient

    return MlflowClient(uri)


@contextmanager
def quiet_mlflow() -> Iterator[None]:
    """Let MLflow draw no bars and report nothing meanwhile, in whatever program this is."""
    with environment_variables(_unless_set(QUIET)):
        yield


@functools.cache
def prepare_mlflow() -> None:
    """Let MLflow be quiet in this process, and end fast: for programs of our own.

    What only reads results, in a notebook say, must not call it: the process is not ours.
    """
    os.environ.update(_unless_set(QUIET))
    for chatty in CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)
    # It prints the traceback of what it raises, which is said in one line, and logged, elsewhere.
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
    # Or Python looks through all of MLflow's objects when it ends, for a second.
    atexit.register(gc.freeze)
