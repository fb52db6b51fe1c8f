"""An MLflow experiment: its runs opened, found again, and closed."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from mlflow import MlflowClient
from mlflow.entities import Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.tracking.context.registry import resolve_tags
from mlflow.utils.mlflow_tags import (
    MLFLOW_GIT_COMMIT,
    MLFLOW_GIT_DIRTY,
    MLFLOW_PARENT_RUN_ID,
)

from sweep.config.schema import Tracking
from sweep.environment import commit
from sweep.errors import Pruned, RunFailed, UserError
from sweep.tracking.connection import explained_errors, short_timeouts
from sweep.tracking.run_info import (
    DIVERGED,
    FAILURE,
    FINGERPRINT,
    PRUNED_AFTER,
    RunInfo,
    run_info,
    search,
)
from sweep.tracking.writer import Record, reason
from sweep.uris import redacted, resolve_uri

KIND, SWEEP, RUN = "sweep.kind", "sweep", "run"
STUDY, TRIAL = "search.study", "search.trial"
UNRECORDED = "the end of run %s could not be recorded; the same command does it: %s"
INTERRUPTIONS = "interruptions"
# MLflow's pages then open with what belongs to training, not to language models.
TRAINING_EXPERIMENT = {"mlflow.experimentKind": "custom_model_development"}

log = logging.getLogger(__name__)


class Tracker:
    """An MLflow experiment. A server that does not answer gets minutes to come back."""

    def __init__(self, uri: str | None, experiment: str) -> None:
        """Connect, and create the experiment if there is none of that name.

        Raises:
            UserError: the store cannot be used; or the experiment was deleted.
        """
        self.uri, self.experiment = resolve_uri(uri), experiment
        with explained_errors(self.uri):
            self._client = MlflowClient(self.uri)
            self._experiment_id = self._find_experiment() or self._create_experiment()

    def _find_experiment(self) -> str | None:
        known = self._client.get_experiment_by_name(self.experiment)
        if known and known.lifecycle_stage == "deleted":
            raise UserError(
                f"tracking.experiment={self.experiment}: was deleted in {redacted(self.uri)}; "
                f"allowed: another name, or `mlflow experiments restore -x {known.experiment_id}`"
            )
        return known.experiment_id if known else None

    def _create_experiment(self) -> str:
        try:
            created: str = self._client.create_experiment(self.experiment, tags=TRAINING_EXPERIMENT)
        except MlflowException:
            if (found := self._find_experiment()) is None:
                raise
            return found  # another process was faster
        return created

    @contextmanager
    def open_run(
        self,
        name: str,
        params: Mapping[str, str],
        tags: Mapping[str, str],
        parent: str | None,
        past: RunInfo | None = None,
    ) -> Iterator[Record]:
        """Create a run, or go on with a past one, and close it as what it became.

        FINISHED; FAILED, with the reason and the traceback, after an exception; KILLED after an
        interrupt, or with the reason if it was pruned. What was raised is raised on.
        """
        own = resolve_tags(dict(tags))
        if (known := commit()) is not None:
            own |= {MLFLOW_GIT_COMMIT: known[0], MLFLOW_GIT_DIRTY: str(known[1]).lower()}
        with explained_errors(self.uri):
            if past:
                record = self._reopen(past, own)
            else:
                if parent:
                    own[MLFLOW_PARENT_RUN_ID] = parent
                run = self._client.create_run(self._experiment_id, tags=own, run_name=name)
                record = Record(self._client, run.info.run_id)
        there = past.params if past else {}
        try:
            self._client.log_batch(
                record.run_id,
                # MLflow refuses another value, and what is there says the same in other words.
                params=[Param(key, value) for key, value in params.items() if key not in there],
            )
            yield record
            record.finish()
        except BaseException as error:
            try:
                if isinstance(error, KeyboardInterrupt):
                    record.kill()
                elif isinstance(error, Pruned):
                    record.prune(error)
                else:
                    record.fail(error)
            except Exception as other:  # whatever it is, what failed first counts
                log.warning(UNRECORDED, record.run_id, reason(other))
            raise

    def _reopen(self, past: RunInfo, tags: Mapping[str, str]) -> Record:
        count = int(past.tags.get(INTERRUPTIONS, "0")) + 1
        tags = {**tags, INTERRUPTIONS: str(count)}
        self._client.update_run(past.run_id, "RUNNING")
        self._client.log_batch(
            past.run_id, tags=[RunTag(key, value) for key, value in tags.items()]
        )
        for tag in {DIVERGED, FAILURE, PRUNED_AFTER} & {*past.tags}:
            self._client.delete_tag(past.run_id, tag)
        known = [
            (key, point.step)
            for key in past.metrics
            for point in self._client.get_metric_history(past.run_id, key)
        ]
        return Record(self._client, past.run_id, known)

    def find_runs(self, fingerprint: str) -> list[RunInfo]:
        """Return the runs, or the sweeps, of this fingerprint, the newest first."""
        return self._search(f"tags.{FINGERPRINT} = '{fingerprint}'")

    def runs_of(self, sweep_id: str) -> list[RunInfo]:
        """Return the runs below a sweep's parent run."""
        return self._search(f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{sweep_id}'")

    def runs_of_study(self, name: str) -> list[RunInfo]:
        """Return the runs and sweeps of a search's study."""
        return self._search(f"tags.`{STUDY}` = '{name}'")

    def running(self) -> list[RunInfo]:
        """Return the runs and sweeps that are recorded as RUNNING."""
        return self._search("attributes.status = 'RUNNING'")

    def _search(self, condition: str) -> list[RunInfo]:
        with explained_errors(self.uri):
            return [run_info(each) for each in search(self._client, self._experiment_id, condition)]

    def close_if_running(self, run_id: str, why: str) -> None:
        """Close as KILLED, with the reason, a run or a sweep whose process did not do it."""
        with short_timeouts(), explained_errors(self.uri):
            if self._client.get_run(run_id).info.status == "RUNNING":
                self._client.set_tag(run_id, FAILURE, why)
                self._client.set_terminated(run_id, "KILLED")


def close_as_failed(config: Tracking, run_id: str, error: RunFailed) -> None:
    """Close the record of a run whose process died; log it if that is not possible.

    Within seconds: whoever calls this has other runs to look after.
    """
    try:
        with short_timeouts():
            Record(Tracker(config.uri, config.experiment)._client, run_id).fail(error)
    except Exception as other:  # whatever keeps it from being recorded, the sweep goes on
        log.warning(UNRECORDED, run_id, reason(other))
