"""The record of runs and sweeps in MLflow. The only module that imports it."""

import atexit
import gc
import json
import logging
import os
import time
import traceback
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

# MLflow reports its use to its makers unless told not to, before it is imported.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

import pandas as pd  # noqa: E402
from mlflow import MlflowClient  # noqa: E402
from mlflow.entities import (  # noqa: E402
    Dataset as LoggedDataset,
)
from mlflow.entities import (  # noqa: E402
    DatasetInput,
    InputTag,
    Metric,
    Param,
    Run,
)
from mlflow.store.db.db_types import DATABASE_ENGINES  # noqa: E402
from mlflow.tracking.context.registry import resolve_tags  # noqa: E402
from mlflow.utils.mlflow_tags import (  # noqa: E402
    MLFLOW_DATASET_CONTEXT,
    MLFLOW_GIT_COMMIT,
    MLFLOW_GIT_DIRTY,
    MLFLOW_PARENT_RUN_ID,
)
from mlflow.utils.validation import MAX_METRICS_PER_BATCH  # noqa: E402
from sqlalchemy import create_engine, make_url  # noqa: E402

from sweep.addresses import DEFAULT_URI, resolve_uri, shown  # noqa: E402
from sweep.data import Dataset  # noqa: E402
from sweep.environment import commit  # noqa: E402
from sweep.epochs import EpochRecord  # noqa: E402
from sweep.errors import RunFailed, UserError  # noqa: E402
from sweep.schema import Tracking  # noqa: E402

PROBE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "5"}
DATABASE_PROBE = {"postgresql": {"connect_timeout": 5}, "mysql": {"connect_timeout": 5}}
KIND, SWEEP, RUN = "sweep.kind", "sweep", "run"
FAILURE = "failure_reason"
# MLflow's pages then open with what belongs to training, not to language models.
TRAINING_EXPERIMENT = {"mlflow.experimentKind": "custom_model_development"}

# Or Python looks through all of MLflow's objects when it ends, for a second.
atexit.register(gc.freeze)

log = logging.getLogger(__name__)
for chatty in ("mlflow", "alembic"):
    logging.getLogger(chatty).setLevel(logging.WARNING)


class Record:
    """One run in MLflow, open for writing. Epochs are steps, counted from 1.

    Metrics are sent by a thread of their own, so that training never waits for them; those that
    cannot be sent are sent again with the next ones, and when the record is closed.
    """

    def __init__(self, client: MlflowClient, run_id: str) -> None:
        """Write to an existing run."""
        self._client, self.run_id = client, run_id
        self._unsent: deque[Metric] = deque()
        self._sender = ThreadPoolExecutor(max_workers=1)

    def log_epoch(self, record: EpochRecord) -> None:
        """Hand over all metrics of an epoch; they go out in one batch."""
        self.log_metrics(record.metrics, record.epoch)

    def log_metrics(self, metrics: Mapping[str, float], epoch: int) -> None:
        """Hand over metrics; they go out in one batch."""
        now = int(time.time() * 1000)
        self._unsent.extend(Metric(key, value, now, epoch) for key, value in metrics.items())
        self._sender.submit(self._try_to_send)

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
        self._client.log_inputs(self.run_id, inputs)

    def log_text(self, text: str, path: str) -> None:
        """Keep a text as an artifact under this path."""
        self._client.log_text(self.run_id, text, path)

    def log_file(self, file: Path, folder: str | None = None) -> None:
        """Keep a file as an artifact in this folder."""
        self._client.log_artifact(self.run_id, str(file), folder)

    def fail(self, error: BaseException) -> None:
        """Close the run as FAILED, with the reason as a tag and the traceback as an artifact."""
        self._client.set_tag(self.run_id, FAILURE, reason(error))
        self.log_text("".join(traceback.format_exception(error)), "traceback.txt")
        self.close("FAILED")

    def flush(self) -> None:
        """Send what is unsent; raise what MLflow raises if that is not possible."""
        self._sender.submit(self._send).result()

    def close(self, status: str) -> None:
        """Close the run as FINISHED, FAILED or KILLED, with all metrics that can be sent."""
        self._sender.submit(self._try_to_send)
        self._sender.shutdown()
        self._client.set_terminated(self.run_id, status)


def reason(error: BaseException) -> str:
    """Return an error's kind and text in one line."""
    text = " ".join(str(error).split()) or "no message"
    return (text if isinstance(error, RunFailed) else f"{type(error).__name__}: {text}")[:500]


class Tracker:
    """An MLflow experiment that answers."""

    def __init__(self, uri: str | None, experiment: str) -> None:
        """Connect, and create the experiment if there is none of that name.

        Raises:
            UserError: nothing answers there within seconds, or what answers is no MLflow.
        """
        self.uri, self.experiment = resolve_uri(uri), experiment
        with _answers(self.uri):
            self._client = MlflowClient(self.uri)
            known = self._client.get_experiment_by_name(experiment)
            if known and known.lifecycle_stage == "deleted":
                raise UserError(
                    f"tracking.experiment={experiment}: was deleted in {shown(self.uri)}; allowed: "
                    f"another name, or `mlflow experiments restore -x {known.experiment_id}`"
                )
            self._experiment_id = (
                known.experiment_id
                if known
                else self._client.create_experiment(experiment, tags=TRAINING_EXPERIMENT)
            )

    @contextmanager
    def open_run(
        self, name: str, params: Mapping[str, str], tags: Mapping[str, str], parent: str | None
    ) -> Iterator[Record]:
        """Create a run, and close it as what it became.

        FINISHED; FAILED, with the reason and the traceback, after an exception; KILLED after an
        interrupt. What was raised is raised on.
        """
        own = resolve_tags(dict(tags))
        if parent:
            own[MLFLOW_PARENT_RUN_ID] = parent
        if (known := commit()) is not None:
            own |= {MLFLOW_GIT_COMMIT: known[0], MLFLOW_GIT_DIRTY: str(known[1]).lower()}
        with _usable(self.uri):
            run = self._client.create_run(self._experiment_id, tags=own, run_name=name)
        record = Record(self._client, run.info.run_id)
        try:
            self._client.log_batch(
                run.info.run_id, params=[Param(key, value) for key, value in params.items()]
            )
            yield record
            record.flush()
        except BaseException as error:
            try:
                if isinstance(error, KeyboardInterrupt):
                    record.close("KILLED")
                else:
                    record.fail(error)
            except Exception:  # whatever keeps it from being recorded, what failed first counts
                log.exception("the end of run %s could not be recorded", record.run_id)
            raise
        else:
            record.close("FINISHED")

    def kill_runs_of(self, sweep_id: str) -> None:
        """Close as KILLED the runs of a sweep whose processes could not do it themselves."""
        for run in _search(self._client, self._experiment_id, sweep_id):
            if run.info.status == "RUNNING":
                self._client.set_terminated(run.info.run_id, "KILLED")


def import_stores() -> None:
    """Import what opening a database will need; MLflow leaves it until then, and it takes long."""
    import mlflow.store.tracking.sqlalchemy_store  # noqa: F401


def close_as_failed(config: Tracking, run_id: str, error: RunFailed) -> None:
    """Close the record of a run whose process died; log it if that is not possible."""
    try:
        tracker = Tracker(config.uri, config.experiment)
        Record(tracker._client, run_id).fail(error)
    except Exception:  # whatever keeps it from being recorded, the sweep goes on
        log.exception("the failure of run %s could not be recorded", run_id)


def read_runs(uri: str | None, experiment: str, sweep_id: str | None) -> pd.DataFrame:
    """Return one row a run, newest first, without the parent runs of sweeps.

    Columns: ``run_id``, ``run``, ``status``, ``start_time``, ``duration_seconds``, then
    ``params.…``, ``metrics.…`` (the last value logged) and ``tags.…``.

    Raises:
        UserError: there is no such record, experiment or sweep.
    """
    uri = resolve_uri(uri)
    address = make_url(uri) if uri.startswith("sqlite") else None
    if address and not Path(address.database or "").is_file():
        raise UserError(f"no runs are recorded in {uri}: there is no such file here ({Path.cwd()})")
    with _answers(uri):
        client = MlflowClient(uri)
        if (known := client.get_experiment_by_name(experiment)) is None:
            names = ", ".join(sorted(each.name for each in client.search_experiments()))
            raise UserError(f"experiment {experiment} is not in {shown(uri)}; there are: {names}")
    with _usable(uri):
        is_id = sweep_id is None or sweep_id.isalnum()
        found = list(_search(client, known.experiment_id, sweep_id)) if is_id else []
    if sweep_id and not found:
        raise UserError(f"sweep {sweep_id} has no runs in experiment {experiment} of {shown(uri)}")
    return pd.DataFrame([_row(run) for run in found])


def _search(client: MlflowClient, experiment_id: str, sweep_id: str | None) -> Iterator[Run]:
    condition = f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{sweep_id}'" if sweep_id else ""
    token = None
    while True:
        page = client.search_runs([experiment_id], condition, max_results=1000, page_token=token)
        yield from (run for run in page if run.data.tags.get(KIND) != SWEEP)
        token = page.token
        if not token:
            return


def _row(run: Run) -> dict[str, Any]:
    end = run.info.end_time
    row = {
        "run_id": run.info.run_id,
        "run": run.info.run_name,
        "status": run.info.status,
        "start_time": pd.Timestamp(run.info.start_time, unit="ms", tz="UTC"),
        "duration_seconds": (end - run.info.start_time) / 1000 if end else None,
    }
    for kind in ("params", "metrics", "tags"):
        row |= {f"{kind}.{key}": value for key, value in getattr(run.data, kind).items()}
    return row


@contextmanager
def _answers(uri: str) -> Iterator[None]:
    """Give a server seconds to answer, not the minutes that MLflow gives it while a run trains."""
    kept = {key: os.environ.get(key) for key in PROBE}
    os.environ.update(PROBE)
    try:
        with _usable(uri):
            kind = uri.partition(":")[0].partition("+")[0]
            if kind in DATABASE_ENGINES:
                engine = create_engine(uri, connect_args=DATABASE_PROBE.get(kind, {}))
                engine.connect().close()
                engine.dispose()
            yield
    finally:
        for key, value in kept.items():
            if value is None:
                os.environ.pop(key)
            else:
                os.environ[key] = value


@contextmanager
def _usable(uri: str) -> Iterator[None]:
    """Turn what MLflow, a database's driver or another program there raises into one sentence."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        what = shown(" ".join(str(error).split()))[:300]
        raise UserError(
            f"tracking.uri={shown(uri)}: cannot be used; allowed: the address of an MLflow server "
            f"that runs, or a database as in {DEFAULT_URI}. {type(error).__name__}: {what}"
        ) from error
