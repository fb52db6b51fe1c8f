"""The record of runs and sweeps in MLflow. The only package that imports it."""

# Before whatever else imports MLflow.
from sweep.tracking.mlflow_import import prepare_mlflow

# isort: split
from sweep.tracking.connection import import_stores, probe, short_timeouts
from sweep.tracking.histories import read_histories
from sweep.tracking.logged_model import Pyfunc
from sweep.tracking.queries import RunRecord, read_name, read_record, read_runs
from sweep.tracking.registry import CHAMPION, fetch_model, register
from sweep.tracking.run_info import FAILURE, FINGERPRINT, FOLDER, RunInfo, kept_value
from sweep.tracking.tracker import KIND, RUN, STUDY, SWEEP, TRIAL, Tracker, close_as_failed
from sweep.tracking.writer import (
    CONFIG_FILE,
    ENVIRONMENT_FILE,
    PARAMETERS_FILE,
    SOURCE_FOLDER,
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
    "SOURCE_FOLDER",
    "STUDY",
    "SWEEP",
    "TRIAL",
    "RunInfo",
    "PARAMETERS_FILE",
    "Pyfunc",
    "Record",
    "RunRecord",
    "Tracker",
    "close_as_failed",
    "fetch_model",
    "import_stores",
    "kept_value",
    "prepare_mlflow",
    "probe",
    "read_histories",
    "read_name",
    "read_record",
    "read_runs",
    "reason",
    "register",
    "short_timeouts",
]
