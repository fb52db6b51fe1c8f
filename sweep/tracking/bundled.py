"""Runs that are given away and taken in: all that is kept of one, and runs from elsewhere."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from mlflow import MlflowClient
from mlflow.entities import Metric, Param
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID
from mlflow.utils.validation import MAX_METRICS_PER_BATCH, MAX_PARAMS_TAGS_PER_BATCH

from sweep.errors import UserError
from sweep.tracking.artifacts import files_below, has_artifact
from sweep.tracking.connection import explained_errors
from sweep.tracking.mlflow_import import quiet_mlflow
from sweep.tracking.queries import commit_of, existing
from sweep.tracking.run_info import BUNDLE, RunInfo, run_info
from sweep.tracking.tracker import KIND, SWEEP, Tracker
from sweep.tracking.writer import (
    CONFIG_FILE,
    DATASET_SOURCE_FOLDER,
    ENVIRONMENT_FILE,
    SOURCE_FOLDER,
)

ORIGINAL = "bundle.run_id"  # tag: the id that a run had where it was trained


@dataclass(frozen=True)
class KeptRun:
    """What is recorded of a run, but its curves, its models and its pictures.

    Attributes:
        info: its name, status, params and tags.
        start_ms: since 1970.
        end_ms: since 1970; None while it is RUNNING.
        commit: of the code.
        config: the artifact ``config.yaml``; None if it kept none.
        environment: the artifact ``environment.yaml`` likewise.
        source: the artifacts in ``source/``, by their places in it: a user's modules.
        dataset_source: those in ``dataset_source/``.
    """

    info: RunInfo
    start_ms: int
    end_ms: int | None
    commit: str
    config: Mapping[str, Any] | None
    environment: Mapping[str, Any] | None
    source: Mapping[str, bytes]
    dataset_source: Mapping[str, bytes]


def read_kept(uri: str | None, run_id: str) -> KeptRun:
    """Return what is recorded of a run.

    Raises:
        UserError: the record cannot be read, or has no such run.
    """
    uri = existing(uri)
    with explained_errors(uri), tempfile.TemporaryDirectory() as folder, quiet_mlflow():
        client = MlflowClient(uri)
        run = client.get_run(run_id)
        texts = {
            path: yaml.safe_load(Path(client.download_artifacts(run_id, path, folder)).read_text())
            for path in (CONFIG_FILE, ENVIRONMENT_FILE)
            if has_artifact(client, run_id, path)
        }
        return KeptRun(
            info=run_info(run),
            start_ms=run.info.start_time,
            end_ms=run.info.end_time,
            commit=commit_of(run.data.tags),
            config=texts.get(CONFIG_FILE),
            environment=texts.get(ENVIRONMENT_FILE),
            source=files_below(client, run_id, SOURCE_FOLDER, folder),
            dataset_source=files_below(client, run_id, DATASET_SOURCE_FOLDER, folder),
        )


@dataclass(frozen=True)
class ForeignRun:
    """A run, or a sweep, that was recorded elsewhere, and is to be recorded here.

    Attributes:
        name: MLflow's.
        status: FINISHED, FAILED or KILLED.
        start_ms: since 1970.
        end_ms: since 1970.
        params: by name.
        tags: by name.
        curves: of each metric, the values by epoch.
        texts: artifacts, by their paths.
        folders: artifacts of a folder, by its path: the files by their places in it.
    """

    name: str
    status: str
    start_ms: int
    end_ms: int
    params: Mapping[str, str]
    tags: Mapping[str, str]
    curves: Mapping[str, Mapping[int, float]] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    folders: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)


class ForeignSweeps:
    """Sweeps from elsewhere in an experiment of a record."""

    def __init__(self, uri: str | None, experiment: str) -> None:
        """Take the record, and the experiment, which is made if there is none of this name.

        Raises:
            UserError: nothing can be recorded there.
        """
        tracker = Tracker(uri, experiment)
        tracker.check_artifacts()
        self.uri = tracker.uri
        self._client, self._experiment_id = tracker._client, tracker._experiment_id

    def find(self, bundle: str) -> str | None:
        """Return the id of the sweep that was taken in from a bundle; None if it was not."""
        condition = f"tags.`{BUNDLE}` = '{bundle}' AND tags.`{KIND}` = '{SWEEP}'"
        with explained_errors(self.uri):
            found = self._client.search_runs([self._experiment_id], condition, max_results=1)
        return found[0].info.run_id if found else None

    def add(self, sweep: ForeignRun, runs: Sequence[ForeignRun]) -> str:
        """Record a sweep with its runs, all of them or none; return its id.

        Raises:
            UserError: they cannot be recorded.
        """
        created: list[str] = []
        try:
            with explained_errors(self.uri), quiet_mlflow():
                # The sweep is found by its tags, so it comes last to be closed.
                sweep_id = self._create(sweep, None, created)
                for run in runs:
                    self._fill(run, self._create(run, sweep_id, created))
                self._fill(sweep, sweep_id)
        except BaseException:
            for run_id in created:
                self._client.delete_run(run_id)
            raise
        return sweep_id

    def _create(self, run: ForeignRun, parent: str | None, created: list[str]) -> str:
        tags = dict(run.tags) | ({MLFLOW_PARENT_RUN_ID: parent} if parent else {})
        made = self._client.create_run(
            self._experiment_id, start_time=run.start_ms, tags=tags, run_name=run.name
        )
        created.append(made.info.run_id)
        return str(made.info.run_id)

    def _fill(self, run: ForeignRun, run_id: str) -> None:
        params = [Param(key, value) for key, value in run.params.items()]
        for start in range(0, len(params), MAX_PARAMS_TAGS_PER_BATCH):
            self._client.log_batch(run_id, params=params[start : start + MAX_PARAMS_TAGS_PER_BATCH])
        metrics = [
            Metric(key, value, run.end_ms, epoch)
            for key, points in run.curves.items()
            for epoch, value in points.items()
        ]
        for start in range(0, len(metrics), MAX_METRICS_PER_BATCH):
            self._client.log_batch(run_id, metrics=metrics[start : start + MAX_METRICS_PER_BATCH])
        for path, text in run.texts.items():
            self._client.log_text(run_id, text, path)
        for path, files in run.folders.items():
            with tempfile.TemporaryDirectory() as place:
                for name, content in files.items():
                    file = Path(place, name)
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_bytes(content)
                self._client.log_artifacts(run_id, place, path)
        self._client.set_terminated(run_id, run.status, run.end_ms)


def refuse_running(runs: Sequence[KeptRun]) -> None:
    """Check that all runs have ended.

    Raises:
        UserError: one has not.
    """
    running = [each for each in runs if each.end_ms is None]
    if running:
        raise UserError(
            f"{running[0].info.run_id} ({running[0].info.name}) is {running[0].info.status}; "
            "allowed is a sweep that has ended: the same command goes on with one whose processes "
            "were killed"
        )
