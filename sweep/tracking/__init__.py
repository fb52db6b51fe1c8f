"""The record of runs and sweeps in MLflow. The only package that imports it.

Its import takes a second, which what only reads a database can do without. So names are imported
from where they are when they are first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sweep.tracking.artifacts import (
        read_text as read_text,
    )
    from sweep.tracking.bundled import (
        KeptRun as KeptRun,
    )
    from sweep.tracking.bundled import (
        read_kept as read_kept,
    )
    from sweep.tracking.bundled import (
        refuse_running as refuse_running,
    )
    from sweep.tracking.connection import (
        database_file as database_file,
    )
    from sweep.tracking.connection import (
        import_stores as import_stores,
    )
    from sweep.tracking.connection import (
        probe as probe,
    )
    from sweep.tracking.connection import (
        short_timeouts as short_timeouts,
    )
    from sweep.tracking.details import (
        Details as Details,
    )
    from sweep.tracking.details import (
        read_details as read_details,
    )
    from sweep.tracking.editing import (
        is_reserved as is_reserved,
    )
    from sweep.tracking.editing import (
        set_note as set_note,
    )
    from sweep.tracking.editing import (
        set_tags as set_tags,
    )
    from sweep.tracking.exported import (
        log_onnx as log_onnx,
    )
    from sweep.tracking.exported import (
        record_export as record_export,
    )
    from sweep.tracking.exported import (
        run_of_model as run_of_model,
    )
    from sweep.tracking.foreign import (
        HALF as HALF,
    )
    from sweep.tracking.foreign import (
        ORIGINAL as ORIGINAL,
    )
    from sweep.tracking.foreign import (
        SIGN as SIGN,
    )
    from sweep.tracking.foreign import (
        ForeignRun as ForeignRun,
    )
    from sweep.tracking.foreign import (
        ForeignSweeps as ForeignSweeps,
    )
    from sweep.tracking.histories import (
        read_histories as read_histories,
    )
    from sweep.tracking.histories import (
        read_points as read_points,
    )
    from sweep.tracking.locations import (
        OwnPlaces as OwnPlaces,
    )
    from sweep.tracking.logged_model import (
        Pyfunc as Pyfunc,
    )
    from sweep.tracking.lookups import (
        FoundRun as FoundRun,
    )
    from sweep.tracking.meant import (
        runs_of_meant as runs_of_meant,
    )
    from sweep.tracking.mlflow_import import (
        prepare_mlflow as prepare_mlflow,
    )
    from sweep.tracking.names import (
        ADDED_FILE as ADDED_FILE,
    )
    from sweep.tracking.names import (
        ADOPTED as ADOPTED,
    )
    from sweep.tracking.names import (
        BUNDLE as BUNDLE,
    )
    from sweep.tracking.names import (
        CONFIG_FILE as CONFIG_FILE,
    )
    from sweep.tracking.names import (
        CONFUSION_FILE as CONFUSION_FILE,
    )
    from sweep.tracking.names import (
        DATASET_SOURCE_FOLDER as DATASET_SOURCE_FOLDER,
    )
    from sweep.tracking.names import (
        DECIDED_BY as DECIDED_BY,
    )
    from sweep.tracking.names import (
        DIVERGED as DIVERGED,
    )
    from sweep.tracking.names import (
        ENVIRONMENT_FILE as ENVIRONMENT_FILE,
    )
    from sweep.tracking.names import (
        EPOCHS_TAKEN_OVER as EPOCHS_TAKEN_OVER,
    )
    from sweep.tracking.names import (
        FAILURE as FAILURE,
    )
    from sweep.tracking.names import (
        FIGURES_FOLDER as FIGURES_FOLDER,
    )
    from sweep.tracking.names import (
        FINGERPRINT as FINGERPRINT,
    )
    from sweep.tracking.names import (
        FOLDER as FOLDER,
    )
    from sweep.tracking.names import (
        GOES_ON_FROM as GOES_ON_FROM,
    )
    from sweep.tracking.names import (
        KIND as KIND,
    )
    from sweep.tracking.names import (
        NAMES_FILE as NAMES_FILE,
    )
    from sweep.tracking.names import (
        PARAMETERS_FILE as PARAMETERS_FILE,
    )
    from sweep.tracking.names import (
        PAUSED_AFTER as PAUSED_AFTER,
    )
    from sweep.tracking.names import (
        PRUNED_AFTER as PRUNED_AFTER,
    )
    from sweep.tracking.names import (
        RUN as RUN,
    )
    from sweep.tracking.names import (
        SEEDS as SEEDS,
    )
    from sweep.tracking.names import (
        SOURCE_FOLDER as SOURCE_FOLDER,
    )
    from sweep.tracking.names import (
        START_FOLDER as START_FOLDER,
    )
    from sweep.tracking.names import (
        STUDY as STUDY,
    )
    from sweep.tracking.names import (
        SWEEP as SWEEP,
    )
    from sweep.tracking.names import (
        SWEEP_PAUSED as SWEEP_PAUSED,
    )
    from sweep.tracking.names import (
        TIED_RUNS as TIED_RUNS,
    )
    from sweep.tracking.names import (
        TRIAL as TRIAL,
    )
    from sweep.tracking.overview import (
        Entry as Entry,
    )
    from sweep.tracking.overview import (
        found_ids as found_ids,
    )
    from sweep.tracking.overview import (
        read_entries as read_entries,
    )
    from sweep.tracking.planned import (
        Planned as Planned,
    )
    from sweep.tracking.planned import (
        PlannedRun as PlannedRun,
    )
    from sweep.tracking.planned import (
        log_planned as log_planned,
    )
    from sweep.tracking.planned import (
        read_planned as read_planned,
    )
    from sweep.tracking.queries import (
        About as About,
    )
    from sweep.tracking.queries import (
        RunRecord as RunRecord,
    )
    from sweep.tracking.queries import (
        existing as existing,
    )
    from sweep.tracking.queries import (
        find_sweep_id as find_sweep_id,
    )
    from sweep.tracking.queries import (
        newest_sweep_id as newest_sweep_id,
    )
    from sweep.tracking.queries import (
        read_about as read_about,
    )
    from sweep.tracking.queries import (
        read_name as read_name,
    )
    from sweep.tracking.queries import (
        read_record as read_record,
    )
    from sweep.tracking.queries import (
        read_run as read_run,
    )
    from sweep.tracking.queries import (
        read_runs as read_runs,
    )
    from sweep.tracking.queries import (
        read_runs_so_far as read_runs_so_far,
    )
    from sweep.tracking.registry import (
        CHAMPION as CHAMPION,
    )
    from sweep.tracking.registry import (
        fetch_model as fetch_model,
    )
    from sweep.tracking.registry import (
        fetch_parameters as fetch_parameters,
    )
    from sweep.tracking.registry import (
        register as register,
    )
    from sweep.tracking.removing import (
        LoggedModel as LoggedModel,
    )
    from sweep.tracking.removing import (
        delete_models as delete_models,
    )
    from sweep.tracking.removing import (
        delete_runs as delete_runs,
    )
    from sweep.tracking.removing import (
        drop_parameters as drop_parameters,
    )
    from sweep.tracking.removing import (
        own_folder as own_folder,
    )
    from sweep.tracking.removing import (
        read_deleted as read_deleted,
    )
    from sweep.tracking.removing import (
        read_models as read_models,
    )
    from sweep.tracking.removing import (
        read_own_places as read_own_places,
    )
    from sweep.tracking.removing import (
        registered_models as registered_models,
    )
    from sweep.tracking.run_info import (
        RunInfo as RunInfo,
    )
    from sweep.tracking.run_info import (
        kept_value as kept_value,
    )
    from sweep.tracking.run_info import (
        reason as reason,
    )
    from sweep.tracking.server_version import (
        server_version as server_version,
    )
    from sweep.tracking.short_ids import (
        shortened as shortened,
    )
    from sweep.tracking.short_ids import (
        whole_id as whole_id,
    )
    from sweep.tracking.short_ids import (
        whole_run_id as whole_run_id,
    )
    from sweep.tracking.tracker import (
        Tracker as Tracker,
    )
    from sweep.tracking.tracker import (
        close_as_failed as close_as_failed,
    )
    from sweep.tracking.tracker import (
        close_as_killed as close_as_killed,
    )
    from sweep.tracking.writer import (
        Record as Record,
    )

NAMES = {  # by their modules
    "artifacts": "read_text",
    "bundled": "KeptRun read_kept refuse_running",
    "connection": "database_file import_stores probe short_timeouts",
    "details": "Details read_details",
    "editing": "is_reserved set_note set_tags",
    "exported": "log_onnx record_export run_of_model",
    "foreign": "ForeignRun ForeignSweeps HALF ORIGINAL SIGN",
    "histories": "read_histories read_points",
    "locations": "OwnPlaces",
    "logged_model": "Pyfunc",
    "lookups": "FoundRun",
    "meant": "runs_of_meant",
    "mlflow_import": "prepare_mlflow",
    "names": (
        "ADDED_FILE ADOPTED BUNDLE CONFIG_FILE CONFUSION_FILE DATASET_SOURCE_FOLDER "
        "DECIDED_BY DIVERGED ENVIRONMENT_FILE EPOCHS_TAKEN_OVER FAILURE FIGURES_FOLDER "
        "FINGERPRINT FOLDER GOES_ON_FROM KIND NAMES_FILE PARAMETERS_FILE PAUSED_AFTER "
        "PRUNED_AFTER RUN SEEDS SOURCE_FOLDER START_FOLDER STUDY SWEEP SWEEP_PAUSED TIED_RUNS "
        "TRIAL"
    ),
    "overview": "Entry found_ids read_entries",
    "planned": "Planned PlannedRun log_planned read_planned",
    "queries": (
        "About RunRecord existing find_sweep_id newest_sweep_id read_about read_name "
        "read_record read_run read_runs read_runs_so_far"
    ),
    "registry": "CHAMPION fetch_model fetch_parameters register",
    "removing": (
        "LoggedModel delete_models delete_runs drop_parameters own_folder read_deleted "
        "read_models read_own_places registered_models"
    ),
    "run_info": "RunInfo kept_value reason",
    "server_version": "server_version",
    "short_ids": "shortened whole_id whole_run_id",
    "tracker": "Tracker close_as_failed close_as_killed",
    "writer": "Record",
}
MODULES = {name: module for module, names in NAMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    """Import what has this name, when it is first asked for: https://peps.python.org/pep-0562/."""
    if name not in MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{MODULES[name]}"), name)
    globals()[name] = found
    return found
