"""All that is recorded of one run or one sweep, but the content of its files."""

import sweep.tracking.mlflow_loaded  # noqa: F401 - before MLflow

# isort: split
import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mlflow import MlflowClient
from mlflow.utils.mlflow_tags import MLFLOW_RUN_NOTE

from sweep.mappings import mapping_in
from sweep.tracking.artifacts import files_below, read_text
from sweep.tracking.connection import explained_errors
from sweep.tracking.editing import is_reserved
from sweep.tracking.histories import read_histories
from sweep.tracking.logged_model import outputs
from sweep.tracking.mlflow_import import quiet_mlflow
from sweep.tracking.names import DATASET_SOURCE_FOLDER, ENVIRONMENT_FILE, SOURCE_FOLDER
from sweep.tracking.notes import own_words, text_of
from sweep.tracking.parameters import parameters_of
from sweep.tracking.queries import existing, run_or_sweep
from sweep.tracking.run_info import Curves, RunInfo, run_info
from sweep.tracking.run_record import commit_of
from sweep.tracking.short_ids import whole_id


@dataclass(frozen=True)
class Details:
    """A run or a sweep.

    Attributes:
        uri: of the record.
        info: its name, status, params, tags and the last value of each metric.
        experiment: the name of it.
        start_ms: since 1970.
        end_ms: since 1970; None while it is RUNNING.
        files: the bytes of each artifact, by its path.
        models: the ids of the models that it has logged.
    """

    uri: str
    info: RunInfo
    experiment: str
    start_ms: int
    end_ms: int | None
    files: Mapping[str, int]
    models: tuple[str, ...]

    @property
    def is_sweep(self) -> bool:
        """Whether it is the parent run of a sweep."""
        return self.info.is_sweep

    @property
    def note(self) -> str:
        """What a user has written about it."""
        return text_of(self.info.tags.get(MLFLOW_RUN_NOTE, ""))

    @property
    def command(self) -> str | None:
        """The command that made a sweep, as far as it is recorded."""
        first = own_words(self.info.tags.get(MLFLOW_RUN_NOTE, "")).partition("\n")[0].strip()
        return first if first.startswith("python -m sweep ") and not first.endswith("…") else None

    @property
    def own_tags(self) -> Mapping[str, str]:
        """The tags that users have given it."""
        return {key: text for key, text in self.info.tags.items() if not is_reserved(key)}

    @property
    def commit(self) -> str:
        """The code's commit."""
        return commit_of(self.info.tags)

    @cached_property
    def curves(self) -> Curves:
        """Of each metric, the value of each epoch."""
        run_id, names = self.info.run_id, list(self.info.metrics)
        table = read_histories(self.uri, [run_id], names).set_index("epoch")
        return {
            str(name): {int(str(epoch)): float(value) for epoch, value in points.items()}
            for name in table.columns.drop("run_id")
            for points in [table[name].dropna()]
        }

    @cached_property
    def environment(self) -> Mapping[str, Any]:
        """What it ran on, as :func:`sweep.environment.environment` has it; nothing if unknown."""
        text = read_text(self.uri, self.info.run_id, ENVIRONMENT_FILE)
        with suppress(ValueError):  # it is damaged
            return mapping_in(text or "")
        return {}

    @cached_property
    def code(self) -> Mapping[str, str]:
        """The digests of the user's own modules, by their paths among the artifacts."""
        folders = (SOURCE_FOLDER, DATASET_SOURCE_FOLDER)
        return {path: digest for each in folders for path, digest in self._digests(each)}

    @cached_property
    def parameters(self) -> str | None:
        """The digest of the trained parameters; None if it kept none."""
        with explained_errors(self.uri), quiet_mlflow():
            content = parameters_of(self.uri, self.info.run_id)
        return hashlib.sha256(content).hexdigest() if content is not None else None

    def _digests(self, folder: str) -> Iterator[tuple[str, str]]:
        if not any(path.startswith(f"{folder}/") for path in self.files):
            return
        client = MlflowClient(self.uri)
        with explained_errors(self.uri), quiet_mlflow(), tempfile.TemporaryDirectory() as place:
            for path, content in files_below(client, self.info.run_id, folder, place).items():
                yield f"{folder}/{path}", hashlib.sha256(content).hexdigest()


def read_details(uri: str | None, given: str) -> Details:
    """Return what is recorded of a run or a sweep.

    Args:
        uri: of the record; None for the default one.
        given: its id, the beginning of it, or its name.

    Raises:
        UserError: there is no such record or run, or several may be meant.
    """
    uri = existing(uri)
    run_id, client = whole_id(uri, given), MlflowClient(uri)
    run = run_or_sweep(client, uri, run_id, given)
    with explained_errors(uri):
        return Details(
            uri=uri,
            info=run_info(run),
            experiment=client.get_experiment(run.info.experiment_id).name,
            start_ms=run.info.start_time,
            end_ms=run.info.end_time,
            files=dict(_files(client, run_id, None)),
            models=tuple(outputs(run)),
        )


def _files(client: MlflowClient, run_id: str, folder: str | None) -> Iterator[tuple[str, int]]:
    for each in client.list_artifacts(run_id, folder):
        if each.is_dir:
            yield from _files(client, run_id, each.path)
        else:
            yield each.path, each.file_size or 0
