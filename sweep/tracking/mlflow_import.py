"""MLflow, imported so that it reports nothing to its makers; and kept quiet in our own programs."""

import atexit
import functools
import gc
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

NO_TELEMETRY = {"MLFLOW_DISABLE_TELEMETRY": "true"}
QUIET = {
    **NO_TELEMETRY,
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


@contextmanager
def environment_variables(values: Mapping[str, str]) -> Iterator[None]:
    """Set variables of the environment, and set them back at the end."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _unless_set(values: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that the user has not set to anything."""
    return {name: value for name, value in values.items() if name not in os.environ}


# MLflow makes what reports its use when it is imported, or never (mlflow/telemetry/client.py).
with environment_variables(_unless_set(NO_TELEMETRY)):
    import mlflow  # noqa: F401


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
    for chatty in ("mlflow", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    # It prints the traceback of what it raises, which is said in one line, and logged, elsewhere.
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
    # Or Python looks through all of MLflow's objects when it ends, for a second.
    atexit.register(gc.freeze)
