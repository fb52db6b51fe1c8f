"""The runs of an MLflow experiment: opened, found again, and closed."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sweep.environment import commit
from sweep.errors import Pruned, RunFailed, UserError
from sweep.tracking.closing import UNRECORDED, close_after, close_if_running, prune_paused
from sweep.tracking.connection import (
    database_file,
    explained_errors,
    opened,
    short_timeouts,
)
from sweep.tracking.experiments import check_artifacts, found_or_created
from sweep.tracking.locations import local_folder
from sweep.tracking.lookups import FoundRun, find_by_fingerprint
from sweep.tracking.mending import mend_location_of
from sweep.tracking.mlflow_import import import_mlflow
from sweep.tracking.names import (
    BUNDLE,
    DIVERGED,
    FAILURE,
    FINGERPRINT,
    FOLDER,
    INTERRUPTIONS,
    MLFLOW_GIT_COMMIT,
    MLFLOW_GIT_DIRTY,
    MLFLOW_PARENT_RUN_ID,
    PAUSED_AFTER,
    PRUNED_AFTER,
    STUDY,
    SWEEP_PAUSED,
)
from sweep.tracking.parts import IDS_AT_ONCE, in_parts
from sweep.tracking.records import RecordedRun, Records, Where, records_of
from sweep.tracking.run_info import RunInfo, as_name, reason
from sweep.uris import resolve_uri

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from sweep.tracking.writer import Record

OF_ITS_END = {DIVERGED, FAILURE, PRUNED_AFTER, PAUSED_AFTER, SWEEP_PAUSED}


class Tracker:
    """An MLflow experiment. A server that does not answer gets minutes to come back."""

    def __init__(self, uri: str | None, experiment: str) -> None:
        """Connect, and create the experiment if there is none of that name.

        Raises:
            UserError: the store cannot be used; or the experiment was deleted.
        """
        self.uri, self.experiment = resolve_uri(uri), experiment
        with explained_errors(self.uri):
            self._experiment_id = found_or_created(
                self.uri, experiment, self._records, lambda: self._client
            )

    @cached_property
    def _client(self) -> "MlflowClient":
        """MLflow's, which writes; its import takes a second, and what is only read needs none."""
        return opened(self.uri)

    @cached_property
    def _records(self) -> Records:
        return records_of(self.uri)

    def check_artifacts(self) -> None:
        """Check that artifacts can be kept, if that is on this machine: beside an SQLite database.

        One that was moved or copied has its artifacts there from now on.

        Raises:
            UserError: they cannot.
        """
        check_artifacts(self.uri, self.experiment, self._records, lambda: self._client)

    @contextmanager
    def open_run(
        self,
        name: str,
        params: Mapping[str, str],
        tags: Mapping[str, str],
        parent: str | None,
        past: RunInfo | None = None,
    ) -> Iterator["Record"]:
        """Create a run, or go on with a past one, and close it as what it became.

        FINISHED; FAILED, with the reason and the traceback, after an exception; KILLED after an
        interrupt, or with the reason if it was pruned, paused or ended on purpose. What was raised
        is raised on.

        Raises:
            UserError: it cannot be created, or gone on with.
            RunFailed: all is recorded but its end.
        """
        import_mlflow()
        from mlflow.tracking.context.registry import resolve_tags

        own = resolve_tags(dict(tags))
        if (known := commit()) is not None:
            own |= {MLFLOW_GIT_COMMIT: known[0], MLFLOW_GIT_DIRTY: str(known[1]).lower()}
        if parent and not past:
            own[MLFLOW_PARENT_RUN_ID] = parent
        there = past.params if past else {}
        record: Record | None = None
        try:
            record = self._opened(name, own, past)
            # MLflow refuses another value, and what is there says the same in other words.
            record.log_params({key: params[key] for key in params if key not in there})
            yield record
            self._finish(record)
        except BaseException as error:
            for each in [record] if record else self._half_opened(own, past):
                close_after(each, error)
            raise

    def _opened(self, name: str, tags: dict[str, str], past: RunInfo | None) -> "Record":
        from sweep.tracking.writer import Record

        with explained_errors(self.uri):
            if past:
                return self._reopen(past, tags)
            created = self._client.create_run(
                self._experiment_id, tags=tags, run_name=as_name(name)
            )
            return Record(self._client, created.info.run_id, created=created)

    def _half_opened(self, tags: Mapping[str, str], past: RunInfo | None) -> list["Record"]:
        """Return the record that is RUNNING though it could not be opened; none if it is not.

        The id of a new one may have been lost on its way. It is known by its fingerprint: who holds
        that in a folder of checkpoints is the only one to have it RUNNING there.
        """
        from sweep.tracking.writer import Record

        if past:
            where = Where(run_ids=[past.run_id], status="RUNNING")
        else:
            where = Where(tag=(FINGERPRINT, tags.get(FINGERPRINT, "")), status="RUNNING")
        with short_timeouts(), suppress(UserError):  # or the next command will close it
            found = [each for each in self._search(where) if each.folder_id == tags.get(FOLDER)]
            return [Record(self._client, each.run_id, start_ms=each.start_ms) for each in found]
        return []

    def _finish(self, record: "Record") -> None:
        try:
            record.finish()
        except Exception as error:  # whatever the store raises
            raise RunFailed(UNRECORDED % (record.run_id, reason(error))) from error

    def _reopen(self, past: RunInfo, tags: Mapping[str, str]) -> "Record":
        from mlflow.entities import RunTag

        from sweep.tracking.writer import Record

        if file := database_file(self.uri):
            mend_location_of(past.run_id, file)
        if not past.paused:
            count = int(past.tags.get(INTERRUPTIONS, "0")) + 1
            tags = {**tags, INTERRUPTIONS: str(count)}
        self._client.update_run(past.run_id, "RUNNING")
        self._client.log_batch(
            past.run_id, tags=[RunTag(key, value) for key, value in tags.items()]
        )
        for tag in OF_ITS_END & {*past.tags}:
            self._client.delete_tag(past.run_id, tag)
        known = [
            (key, point.step)
            for key in past.metrics
            for point in self._client.get_metric_history(past.run_id, key)
        ]
        start_ms = self._client.get_run(past.run_id).info.start_time
        return Record(self._client, past.run_id, known, start_ms)

    def artifact_file(self, run_id: str, path: str) -> Path | None:
        """Return the file that a run's artifact is in; None if it is not on this machine."""
        with explained_errors(self.uri):
            folder = local_folder(self._client.get_run(run_id).info.artifact_uri)
        return folder / path if folder else None

    def find_runs(self, fingerprint: str) -> list[RunInfo]:
        """Return the runs, or the sweeps, of this fingerprint that were trained, the newest first.

        What was taken in from a bundle is none of them: nobody here has seen it train.
        """
        found = self._search(Where(tag=(FINGERPRINT, fingerprint)))
        return [each for each in found if BUNDLE not in each.tags]

    def find_all(self, fingerprints: Sequence[str]) -> dict[str, list[FoundRun]]:
        """Return the runs of each fingerprint that has any, the newest first."""
        with explained_errors(self.uri):
            return find_by_fingerprint(
                lambda: self._client, self.uri, self._experiment_id, fingerprints
            )

    def runs_with(self, run_ids: Sequence[str]) -> list[RunInfo]:
        """Return the runs with these ids, in no particular order."""
        parts = in_parts(run_ids, IDS_AT_ONCE)
        return [run for some in parts for run in self._search(Where(run_ids=some))]

    def runs_of(self, sweep_id: str) -> Sequence[RunInfo]:
        """Return the runs below a sweep's parent run."""
        return self._search(Where(tag=(MLFLOW_PARENT_RUN_ID, sweep_id)))

    def runs_of_study(self, name: str) -> Sequence[RunInfo]:
        """Return the runs and sweeps of a search's study."""
        return self._search(Where(tag=(STUDY, name)))

    def running(self) -> Sequence[RunInfo]:
        """Return the runs and sweeps that are recorded as RUNNING."""
        return self._search(Where(status="RUNNING"))

    def _search(self, where: Where) -> list[RecordedRun]:
        with explained_errors(self.uri):
            return [*self._records.runs([self._experiment_id], where)]

    def close_if_running(self, run_id: str, why: str) -> None:
        """Close as KILLED, with the reason, a run or a sweep whose process did not do it."""
        with explained_errors(self.uri):
            close_if_running(self._client, run_id, why)

    def prune_paused(self, run_id: str, pruned: Pruned) -> None:
        """Close for good a run that has ended without its end: with the epoch and the reason."""
        with explained_errors(self.uri):
            prune_paused(self._client, run_id, pruned)
