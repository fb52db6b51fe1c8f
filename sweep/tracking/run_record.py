"""All that is recorded of one run: what is needed to train it again, and to compare."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sweep.errors import UserError
from sweep.mappings import mapping_in
from sweep.tracking.artifacts import files_below, has_artifact
from sweep.tracking.connection import explained_errors, opened
from sweep.tracking.names import (
    ADOPTED,
    CONFIG_FILE,
    DATASET_SOURCE_FOLDER,
    ENVIRONMENT_FILE,
    KIND,
    MLFLOW_GIT_COMMIT,
    MLFLOW_GIT_DIRTY,
    SOURCE_FOLDER,
    START_FOLDER,
)
from sweep.tracking.queries import existing, find_run
from sweep.tracking.run_info import Curves, as_measured


@dataclass(frozen=True)
class RunRecord:
    """All that is recorded of a run.

    Attributes:
        run_id: MLflow's.
        name: MLflow's.
        status: RUNNING, FINISHED, FAILED or KILLED.
        tags: by name.
        curves: of each metric, the value of each epoch.
        config: the artifact ``config.yaml``.
        environment: the artifact ``environment.yaml``.
        parameters: that it has trained, in Gluon's own format; None if there are none.
        source: the artifacts in ``source/``, by their places in it: a user's modules.
        dataset_source: those in ``dataset_source/``: the modules that made the images.
        start: the artifacts in ``init/`` likewise: the trained parameters that it started from.
    """

    run_id: str
    name: str
    status: str
    tags: Mapping[str, str]
    curves: Curves
    config: str
    environment: Mapping[str, Any]
    parameters: bytes | None
    source: Mapping[str, bytes]
    dataset_source: Mapping[str, bytes] = field(default_factory=dict)
    start: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def last_epoch(self) -> int:
        """The last epoch that anything is recorded of; 0 if nothing is."""
        return max((epoch for points in self.curves.values() for epoch in points), default=0)

    @property
    def commit(self) -> str:
        """The code's commit, as :func:`sweep.environment.commit_text` has it."""
        return commit_of(self.tags)


def commit_of(tags: Mapping[str, str]) -> str:
    """Return the code's commit that a run is recorded with, as ``commit_text`` has it."""
    dirty = tags.get(MLFLOW_GIT_DIRTY) == "true"
    known = tags.get(MLFLOW_GIT_COMMIT, "not known")
    return f"{known}{' with uncommitted changes' if dirty else ''}"


def read_record(uri: str | None, run_id: str) -> RunRecord:
    """Return all that is recorded of a run.

    Raises:
        UserError: there is no such record or run, or it was not recorded by this program.
    """
    uri = existing(uri)
    from sweep.tracking.parameters import parameters_of

    client, run = opened(uri), find_run(uri, run_id)
    run_id = run.info.run_id
    if run.data.tags.get(KIND) == ADOPTED:
        raise UserError(f"run {run_id} was adopted: it was not trained here, and cannot be again")
    with explained_errors(uri), tempfile.TemporaryDirectory() as folder:
        files = {
            path: Path(client.download_artifacts(run_id, path, folder)).read_bytes()
            for path in (CONFIG_FILE, ENVIRONMENT_FILE)
            if has_artifact(client, run_id, path)
        }
        source, dataset_source, start = (
            files_below(client, run_id, each, folder)
            for each in (SOURCE_FOLDER, DATASET_SOURCE_FOLDER, START_FOLDER)
        )
        parameters = parameters_of(uri, run_id)
        curves = {
            key: {
                point.step: as_measured(point.value)
                for point in client.get_metric_history(run_id, key)
            }
            for key in run.data.metrics
        }
    if missing := {CONFIG_FILE, ENVIRONMENT_FILE} - set(files):
        raise UserError(
            f"run {run_id} has no {' and no '.join(sorted(missing))}, so it cannot be trained again"
        )
    try:
        config = files[CONFIG_FILE].decode()
        environment = mapping_in(files[ENVIRONMENT_FILE].decode())
    except ValueError as error:
        raise UserError(
            f"run {run_id}: its {CONFIG_FILE} or {ENVIRONMENT_FILE} is damaged, so it cannot be "
            "trained again"
        ) from error
    return RunRecord(
        run_id=run_id,
        name=run.info.run_name,
        status=run.info.status,
        tags=run.data.tags,
        curves=curves,
        config=config,
        environment=environment,
        parameters=parameters,
        source=source,
        dataset_source=dataset_source,
        start=start,
    )
