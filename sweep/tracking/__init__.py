"""The record of runs and sweeps in MLflow. The only package that imports it."""

# Before whatever else imports MLflow.
from sweep.tracking.mlflow_import import prepare_mlflow

# isort: split
from sweep.tracking.artifacts import read_text
from sweep.tracking.connection import database_file, import_stores, probe, short_timeouts
from sweep.tracking.details import Details, read_details
from sweep.tracking.editing import is_reserved, set_note, set_tags
from sweep.tracking.exported import log_onnx, record_export, run_of_model
from sweep.tracking.histories import read_histories, read_points
from sweep.tracking.locations import OwnPlaces
from sweep.tracking.logged_model import Pyfunc
from sweep.tracking.lookups import FoundRun
from sweep.tracking.overview import Entry, found_ids, read_entries
from sweep.tracking.queries import (
    RunRecord,
    existing,
    find_sweep_id,
    read_about,
    read_name,
    read_record,
    read_run,
    read_runs,
)
from sweep.tracking.registry import CHAMPION, fetch_model, fetch_parameters, register
from sweep.tracking.removing import (
    LoggedModel,
    delete_models,
    delete_runs,
    drop_parameters,
    own_folder,
    read_deleted,
    read_models,
    read_own_places,
    registered_models,
)
from sweep.tracking.run_info import (
    EPOCHS_TAKEN_OVER,
    FAILURE,
    FINGERPRINT,
    FOLDER,
    GOES_ON_FROM,
    RunInfo,
    kept_value,
)
from sweep.tracking.server_version import server_version
from sweep.tracking.short_ids import shortened, whole_id, whole_run_id
from sweep.tracking.tracker import (
    ADOPTED,
    DECIDED_BY,
    KIND,
    RUN,
    SEEDS,
    STUDY,
    SWEEP,
    TIED_RUNS,
    TRIAL,
    Tracker,
    close_as_failed,
)
from sweep.tracking.writer import (
    CONFIG_FILE,
    CONFUSION_FILE,
    DATASET_SOURCE_FOLDER,
    ENVIRONMENT_FILE,
    FIGURES_FOLDER,
    PARAMETERS_FILE,
    SOURCE_FOLDER,
    START_FOLDER,
    Record,
    reason,
)

__all__ = [
    "ADOPTED",
    "CHAMPION",
    "CONFIG_FILE",
    "CONFUSION_FILE",
    "DATASET_SOURCE_FOLDER",
    "DECIDED_BY",
    "ENVIRONMENT_FILE",
    "EPOCHS_TAKEN_OVER",
    "FAILURE",
    "FIGURES_FOLDER",
    "FINGERPRINT",
    "FOLDER",
    "GOES_ON_FROM",
    "KIND",
    "RUN",
    "SEEDS",
    "SOURCE_FOLDER",
    "START_FOLDER",
    "STUDY",
    "SWEEP",
    "TIED_RUNS",
    "TRIAL",
    "Details",
    "Entry",
    "FoundRun",
    "LoggedModel",
    "OwnPlaces",
    "RunInfo",
    "PARAMETERS_FILE",
    "Pyfunc",
    "Record",
    "RunRecord",
    "Tracker",
    "close_as_failed",
    "database_file",
    "delete_models",
    "delete_runs",
    "drop_parameters",
    "existing",
    "fetch_model",
    "fetch_parameters",
    "find_sweep_id",
    "found_ids",
    "import_stores",
    "is_reserved",
    "kept_value",
    "log_onnx",
    "own_folder",
    "prepare_mlflow",
    "probe",
    "read_about",
    "read_details",
    "read_entries",
    "read_histories",
    "read_deleted",
    "read_models",
    "read_own_places",
    "read_name",
    "read_points",
    "read_record",
    "read_run",
    "read_runs",
    "read_text",
    "reason",
    "record_export",
    "register",
    "registered_models",
    "run_of_model",
    "server_version",
    "set_note",
    "set_tags",
    "short_timeouts",
    "shortened",
    "whole_id",
    "whole_run_id",
]
