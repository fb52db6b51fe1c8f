"""The record of runs and sweeps in MLflow. The only package that imports it."""

import atexit
import gc
import logging
import os

# MLflow reports its use to its makers unless told not to, before it is imported.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")

from sweep.tracking.connection import impatient, import_stores, probe
from sweep.tracking.histories import read_histories
from sweep.tracking.logged_model import Pyfunc
from sweep.tracking.queries import RunRecord, read_name, read_record, read_runs
from sweep.tracking.registry import CHAMPION, fetch_model, register
from sweep.tracking.run_info import FINGERPRINT, FOLDER, PastRun
from sweep.tracking.tracker import KIND, RUN, STUDY, SWEEP, TRIAL, Tracker, close_as_failed
from sweep.tracking.writer import (
    CONFIG_FILE,
    ENVIRONMENT_FILE,
    FAILURE,
    PARAMETERS_FILE,
    Record,
    reason,
)

__all__ = [
    "CHAMPION",
    "CONFIG_FILE",
    "ENVIRONMENT_FILE",
    "FAILURE",
    "FINGERPRINT",
    "FOLDER",
    "KIND",
    "RUN",
    "STUDY",
    "SWEEP",
    "TRIAL",
    "PastRun",
    "PARAMETERS_FILE",
    "Pyfunc",
    "Record",
    "RunRecord",
    "Tracker",
    "close_as_failed",
    "fetch_model",
    "impatient",
    "import_stores",
    "probe",
    "read_histories",
    "read_name",
    "read_record",
    "read_runs",
    "reason",
    "register",
]

# Or Python looks through all of MLflow's objects when it ends, for a second.
atexit.register(gc.freeze)

for chatty in ("mlflow", "alembic"):
    logging.getLogger(chatty).setLevel(logging.WARNING)
# It prints the traceback of what it raises, which is said in one line, and logged, elsewhere.
logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
