"""One run in MLflow, open for writing."""

import sweep.tracking.mlflow_loaded  # noqa: F401 - before MLflow

# isort: split
import json
import logging
import time
import traceback
from collections import deque
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from itertools import islice
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Dataset as LoggedDataset
from mlflow.entities import DatasetInput, InputTag, Metric, Param, Run, RunTag
from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT, MLFLOW_RUN_NOTE
from mlflow.utils.validation import MAX_METRICS_PER_BATCH

from sweep.data.splits import Dataset
from sweep.errors import Diverged, Paused, Pruned
from sweep.heartbeat import waiting
from sweep.tracking.connection import short_timeouts
from sweep.tracking.first_use import unless_others_were_faster
from sweep.tracking.locations import local_folder
from sweep.tracking.logged_model import Pyfunc, log_model, log_model_again
from sweep.tracking.names import (
    DIVERGED,
    EPOCHS_TAKEN_OVER,
    FAILURE,
    FOUND_FILE,
    GOES_ON_FROM,
    PAUSED_AFTER,
    PRUNED_AFTER,
)
from sweep.tracking.notes import with_own_words
from sweep.tracking.run_info import now_ms, reason
from sweep.training.selection import EpochRecord

NO_TAGS: Mapping[str, str] = {}
LAST_WORDS_SECONDS = 2.0  # for an interrupted run to send its metrics

log = logging.getLogger(__name__)


class Record:
    """One run in MLflow, open for writing. Epochs are steps, counted from 1.

    Metrics are sent by a thread of their own, so that training never waits for them; those that
    cannot be sent are sent again with the next ones, and when the record is closed.
    """

    def __init__(
        self,
        client: MlflowClient,
        run_id: str,
        known: Collection[tuple[str, int]] = (),
        start_ms: int = 0,
        created: Run | None = None,
    ) -> None:
        """Write to an existing run.

        Args:
            client: MLflow's.
            run_id: MLflow's.
            known: names and epochs of metrics that are recorded already, and are not sent again.
            start_ms: when the run began, where it goes on: it does not end before, whatever the
                system's clock was set to since.
            created: MLflow's run, if it has just been created: what is not there need not be
                looked for.
        """
        self._client, self.run_id = client, run_id
        self._known, self._created = set(known), created
        self._params: dict[str, str] = {}
        self._unsent: deque[Metric] = deque()
        self._sender = ThreadPoolExecutor(max_workers=1)
        self._opened_ms, self._opened = max(now_ms(), start_ms), time.monotonic()

    def log_params(self, params: Mapping[str, str]) -> None:
        """Record params, none of which the run has."""
        self._params |= params
        self._client.log_batch(self.run_id, params=[Param(*each) for each in params.items()])

    def log_epoch(self, record: EpochRecord) -> None:
        """Hand over all metrics of an epoch; they go out in one batch."""
        self.log_epochs([record])

    def log_epochs(self, records: Iterable[EpochRecord]) -> None:
        """Hand over all metrics of several epochs."""
        for record in records:
            self._queue(record.metrics, record.epoch, record.timestamp_ms)
        self._sender.submit(self._try_to_send)

    def log_metrics(self, metrics: Mapping[str, float], epoch: int) -> None:
        """Hand over metrics; they go out in one batch."""
        self._queue(metrics, epoch, now_ms())
        self._sender.submit(self._try_to_send)

    def _queue(self, metrics: Mapping[str, float], epoch: int, timestamp_ms: int) -> None:
        new = {key: value for key, value in metrics.items() if (key, epoch) not in self._known}
        self._known |= {(key, epoch) for key in new}
        self._unsent.extend(Metric(key, value, timestamp_ms, epoch) for key, value in new.items())

    def _try_to_send(self) -> None:
        try:
            self._send()
        except Exception as error:  # of whatever kind: nothing is lost, and training goes on
            log.warning("metrics could not be sent, and are kept for later: %s", error)

    def _send(self) -> None:
        """Send all that is unsent, in batches of what MLflow takes at once."""
        while batch := list(islice(self._unsent, MAX_METRICS_PER_BATCH)):
            self._client.log_batch(self.run_id, metrics=batch)
            for _ in batch:
                self._unsent.popleft()

    def log_dataset(self, dataset: Dataset) -> None:
        """Name the images that are used, each split with its number of images."""
        splits = {"training": dataset.train, "validation": dataset.val, "testing": dataset.test}
        inputs = [
            DatasetInput(
                LoggedDataset(
                    name=dataset.name,
                    # MLflow keeps one entry for each name and digest, so a split needs its own.
                    digest=f"{dataset.digest[:16]}-{context[:5]}-{len(split)}",
                    source_type="local",
                    source=json.dumps({"uri": dataset.source}),
                    profile=json.dumps({"num_rows": len(split), "sha256": dataset.digest}),
                ),
                [InputTag(MLFLOW_DATASET_CONTEXT, context)],
            )
            for context, split in splits.items()
            if len(split)
        ]
        unless_others_were_faster(partial(self._client.log_inputs, self.run_id, inputs))

    def log_found(self, run_ids: Collection[str]) -> None:
        """Keep the ids of a sweep's runs that other sweeps have trained."""
        self.log_text(json.dumps(sorted(run_ids)), FOUND_FILE)

    @waiting()
    def log_beginning(self, run_id: str, epochs: int) -> None:
        """Keep from which run so many epochs were taken over, instead of training them again."""
        self._client.set_tag(self.run_id, GOES_ON_FROM, run_id)
        self._client.set_tag(self.run_id, EPOCHS_TAKEN_OVER, str(epochs))

    def set_tag(self, key: str, value: str) -> None:
        """Set a tag of the run."""
        self._client.set_tag(self.run_id, key, value)

    def tag(self, key: str) -> str | None:
        """Return a tag of the run; None without it."""
        value: str | None = self._client.get_run(self.run_id).data.tags.get(key)
        return value

    def delete_tag(self, key: str) -> None:
        """Take a tag away, if the run has it."""
        if self.tag(key) is not None:
            self._client.delete_tag(self.run_id, key)

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Set tags; those that are there already get another value."""
        self._client.log_batch(
            self.run_id, tags=[RunTag(key, value) for key, value in tags.items()]
        )

    def describe(self, text: str) -> None:
        """Give the run a description, in Markdown; what a user has written above it stays."""
        known = self._client.get_run(self.run_id).data.tags.get(MLFLOW_RUN_NOTE, "")
        self._client.set_tag(self.run_id, MLFLOW_RUN_NOTE, with_own_words(known, text))

    @waiting()
    def log_text(self, text: str, path: str) -> None:
        """Keep a text as an artifact under this path."""
        self._client.log_text(self.run_id, text, path)

    @waiting()
    def log_file(self, file: Path, folder: str | None = None) -> None:
        """Keep a file as an artifact in this folder."""
        self._client.log_artifact(self.run_id, str(file), folder)

    @waiting()
    def log_files(self, folder: Path, path: str) -> None:
        """Keep all files of a folder as artifacts under this path."""
        self._client.log_artifacts(self.run_id, str(folder), path)

    @waiting()
    def log_model(self, pyfunc: Pyfunc, epoch: int) -> None:
        """Keep the network as it was after this epoch, as the model of the run."""
        if self._created:
            log_model(self._client, self._created, self._params, pyfunc, epoch)
        else:
            log_model_again(self._client, self.run_id, pyfunc, epoch)

    def artifact_file(self, path: str) -> Path | None:
        """Return the file that an artifact is in; None if it is not on this machine."""
        folder = local_folder(self._client.get_run(self.run_id).info.artifact_uri)
        return folder / path if folder else None

    @waiting()
    def flush(self) -> None:
        """Send what is unsent; raise what MLflow raises if that is not possible."""
        self._sender.submit(self._send).result()

    def finish(self) -> None:
        """Close the run as FINISHED, with all metrics."""
        self.flush()
        self._terminate("FINISHED")
        self._sender.shutdown(wait=False)  # at last: what cannot be closed so is closed otherwise

    def fail(self, error: BaseException) -> None:
        """Close the run as FAILED, with the reason as a tag and the traceback as an artifact."""
        self._sender.submit(self._try_to_send)
        self._sender.shutdown()
        self._client.set_tag(self.run_id, FAILURE, reason(error))
        if isinstance(error, Diverged):
            self._client.set_tag(self.run_id, DIVERGED, str(error.epoch))
        self._terminate("FAILED")
        try:
            self.log_text("".join(traceback.format_exception(error)), "traceback.txt")
        except Exception as other:  # the record is closed, and says why
            log.warning("the traceback of run %s could not be kept: %s", self.run_id, other)

    def prune(self, pruned: Pruned) -> None:
        """Close the run as KILLED, MLflow's word for it, with the epoch and the reason as tags."""
        self.flush()
        self._sender.shutdown()
        self._client.set_tag(self.run_id, FAILURE, str(pruned))
        self._client.set_tag(self.run_id, PRUNED_AFTER, str(pruned.epoch))
        self._terminate("KILLED")

    def pause(self, paused: Paused) -> None:
        """Close the run, until it goes on, as KILLED, with the epoch as a tag."""
        self.flush()
        self._sender.shutdown()
        self._client.set_tag(self.run_id, PAUSED_AFTER, str(paused.epoch))
        self._terminate("KILLED")

    def kill(self, tags: Mapping[str, str] = NO_TAGS) -> None:
        """Close the run as KILLED, within seconds, with the metrics that can be sent in these.

        The others are in the run's checkpoint, and recorded when it goes on.

        Args:
            tags: that say why.
        """
        with short_timeouts():
            last_words: Future[None] = self._sender.submit(self._try_to_send)
            wait([last_words], LAST_WORDS_SECONDS)
            self._sender.shutdown(wait=False, cancel_futures=True)
            for key, value in tags.items():
                self._client.set_tag(self.run_id, key, value)
            self._terminate("KILLED")

    def _terminate(self, status: str) -> None:
        """Close the run, not before it was opened, whatever the system's clock was set to since."""
        elapsed_ms = int((time.monotonic() - self._opened) * 1000)
        end_ms = max(now_ms(), self._opened_ms + elapsed_ms)
        self._client.set_terminated(self.run_id, status, end_ms)
