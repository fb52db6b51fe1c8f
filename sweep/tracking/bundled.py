"""Runs that are given away: all that is kept of one."""

import sweep.tracking.mlflow_loaded  # noqa: F401 - before MLflow

# isort: split
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from mlflow import MlflowClient

from sweep.errors import UserError
from sweep.tracking.artifacts import files_below, has_artifact
from sweep.tracking.connection import explained_errors
from sweep.tracking.mlflow_import import quiet_mlflow
from sweep.tracking.names import (
    CONFIG_FILE,
    DATASET_SOURCE_FOLDER,
    ENDED,
    ENVIRONMENT_FILE,
    SOURCE_FOLDER,
)
from sweep.tracking.queries import existing
from sweep.tracking.run_info import RunInfo, run_info
from sweep.tracking.run_record import commit_of


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


def refuse_running(runs: Sequence[KeptRun]) -> None:
    """Check that all runs have ended.

    Raises:
        UserError: one has not.
    """
    # What was ended and goes on has an end still: that of before.
    running = [each for each in runs if each.info.status not in ENDED]
    if running:
        raise UserError(
            f"{running[0].info.run_id} ({running[0].info.name}) is {running[0].info.status}; "
            "allowed is a sweep that has ended: the same command goes on with one whose processes "
            "were killed"
        )
