"""What people write about runs and sweeps: tags and notes."""

from collections.abc import Mapping

from sweep.errors import UserError
from sweep.tracking.connection import explained_errors, opened
from sweep.tracking.names import (
    DIVERGED,
    EPOCHS_TAKEN_OVER,
    FAILURE,
    FINGERPRINT,
    FOLDER,
    GOES_ON_FROM,
    INTERRUPTIONS,
    MLFLOW_RUN_NOTE,
    PAUSED_AFTER,
    PRUNED_AFTER,
)
from sweep.tracking.notes import with_text

RESERVED = (
    *(FINGERPRINT, FOLDER, FAILURE, DIVERGED, INTERRUPTIONS),
    *(GOES_ON_FROM, EPOCHS_TAKEN_OVER, PRUNED_AFTER, PAUSED_AFTER),
)
RESERVED_GROUPS = ("device", "mlflow", "sweep", "search", "version", "dataset", "export", "bundle")


def is_reserved(key: str) -> bool:
    """Return whether a tag has a meaning to MLflow or to this program."""
    return key in RESERVED or key.partition(".")[0] in RESERVED_GROUPS


def set_tags(uri: str, run_id: str, tags: Mapping[str, str]) -> None:
    """Set tags of a run or a sweep; an empty one is removed.

    Args:
        uri: of the record.
        run_id: MLflow's.
        tags: none of them reserved.

    Raises:
        UserError: MLflow does not take one, or the record cannot be written.
    """
    client = opened(uri)
    from mlflow.exceptions import MlflowException

    with explained_errors(uri):
        known = client.get_run(run_id).data.tags
        for key, value in tags.items():
            try:
                if value:
                    client.set_tag(run_id, key, value)
                elif key in known:
                    client.delete_tag(run_id, key)
            except MlflowException as error:
                if error.error_code != "INVALID_PARAMETER_VALUE":
                    raise
                raise UserError(f"{key}={value}: cannot be a tag: {error.message}") from error


def set_note(uri: str, run_id: str, text: str) -> None:
    """Write a note about a run or a sweep, which MLflow's pages show as its description.

    What a sweep has written about itself stays below it.

    Args:
        uri: of the record.
        run_id: MLflow's.
        text: of the note, in Markdown; an empty one is removed.

    Raises:
        UserError: the record cannot be written.
    """
    client = opened(uri)
    with explained_errors(uri):
        known = client.get_run(run_id).data.tags.get(MLFLOW_RUN_NOTE, "")
        if whole := with_text(known, text):
            client.set_tag(run_id, MLFLOW_RUN_NOTE, whole)
        elif known:
            client.delete_tag(run_id, MLFLOW_RUN_NOTE)
