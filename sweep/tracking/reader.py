"""A record that is only read, whether it is there or not: nothing is created."""

from collections.abc import Sequence
from pathlib import Path

from sweep.tracking.connection import (
    check_answers,
    check_writable,
    database_file,
    explained_errors,
)
from sweep.tracking.experiments import check_artifact_folder, check_new_name, found
from sweep.tracking.locations import default_location, local_folder
from sweep.tracking.lookups import FoundRun, find_by_fingerprint
from sweep.tracking.mending import mended_location
from sweep.tracking.mlflow_import import client_of
from sweep.tracking.names import FOLDER, STUDY
from sweep.tracking.records import KnownExperiment, Records, Where, records_of
from sweep.uris import is_database, resolve_uri

ENOUGH = 100  # runs, to tell how long an epoch takes
EPOCH_SECONDS = "epoch_seconds"


class Reader:
    """An MLflow experiment, or none, as it is now."""

    def __init__(self, uri: str | None, experiment: str) -> None:
        """Find the experiment.

        Raises:
            UserError: runs could not be recorded there.
        """
        self.uri, self.experiment = resolve_uri(uri), experiment
        self._known: KnownExperiment | None = None
        file = database_file(self.uri)
        if file:
            check_writable(self.uri, file)
        if file and not file.is_file():
            check_new_name(experiment)
            return
        check_answers(self.uri)
        with explained_errors(self.uri):
            self._records: Records = records_of(self.uri)
            self._known = found(self.uri, experiment, self._records)
        if self._known is None:
            check_new_name(experiment)

    def check_artifacts(self) -> None:
        """Check that artifacts can be kept, if that is on this machine, as a tracker does.

        Raises:
            UserError: they cannot.
        """
        with explained_errors(self.uri):
            folder = self._artifact_folder()
        check_artifact_folder(self.experiment, folder)

    def _artifact_folder(self) -> Path | None:
        if self._known is None:
            folder = local_folder(default_location()) if is_database(self.uri) else None
            return folder and folder / "1"  # an experiment's own, whatever its number
        file = database_file(self.uri)
        if file and (mended := mended_location(self._known.experiment_id, file)):
            return mended
        return local_folder(self._known.place)

    def has_study(self, name: str) -> bool:
        """Return whether there are runs or sweeps of a search's study."""
        if self._known is None:
            return False
        with explained_errors(self.uri):
            where, number = Where(tag=(STUDY, name)), self._known.experiment_id
            return next(self._records.runs([number], where, most=1), None) is not None

    def find_all(self, fingerprints: Sequence[str]) -> dict[str, list[FoundRun]]:
        """Return the runs of each fingerprint that has any, as a tracker does."""
        if self._known is None:
            return {}
        with explained_errors(self.uri):
            return find_by_fingerprint(
                lambda: client_of(self.uri), self.uri, self._known.experiment_id, fingerprints
            )

    def epoch_seconds(self, network: str, dataset: str, folder_id: str | None) -> list[float]:
        """Return how long an epoch took in the newest runs like these.

        Args:
            network: its name.
            dataset: its name.
            folder_id: of the folder with their checkpoints, by which a machine is known.
        """
        if self._known is None or folder_id is None:
            return []
        condition = (
            f"params.`model.name` = '{network}' AND params.`dataset.name` = '{dataset}' AND "
            f"tags.`{FOLDER}` = '{folder_id}' AND metrics.{EPOCH_SECONDS} > 0"
        )
        with explained_errors(self.uri):
            client, number = client_of(self.uri), self._known.experiment_id
            runs = client.search_runs([number], condition, max_results=ENOUGH)
        return [each.data.metrics[EPOCH_SECONDS] for each in runs]
