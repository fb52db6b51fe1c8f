"""What is asked of a record that is only read, whatever keeps it: a database or a server."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

from sweep.tracking.names import MLFLOW_RUN_NAME
from sweep.tracking.parts import pages
from sweep.tracking.run_info import RunInfo, is_equal, run_info, search

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment, Run


@dataclass(frozen=True)
class KnownExperiment:
    """An experiment.

    Attributes:
        experiment_id: MLflow's.
        name: MLflow's.
        place: the address of the folder with its artifacts.
        is_deleted: whether it is.
        tags: as they are recorded.
    """

    experiment_id: str
    name: str
    place: str
    is_deleted: bool
    tags: Mapping[str, str]


@dataclass(frozen=True)
class RecordedRun(RunInfo):
    """A run or a sweep with all that is recorded of it, but curves and files.

    Attributes:
        experiment_id: MLflow's.
        start_ms: since 1970.
        end_ms: since 1970; None while it is RUNNING.
        place: the address of the folder with its artifacts.
    """

    experiment_id: str
    start_ms: int
    end_ms: int | None
    place: str


@dataclass(frozen=True, kw_only=True)
class Where:
    """Which runs are meant: those for which all holds that is given.

    Attributes:
        tag: one that it has, with its value.
        status: RUNNING, FINISHED, FAILED or KILLED.
        run_ids: of which it is one, at most 500.
        begins: what its id begins with, without quotes.
        name: which it has.
    """

    tag: tuple[str, str] | None = None
    status: str | None = None
    run_ids: Sequence[str] | None = None
    begins: str | None = None
    name: str | None = None


ALL = Where()


class Records(Protocol):
    """A record that is only read."""

    def experiments(self) -> list[KnownExperiment]:
        """Return those that are not deleted."""

    def experiment(self, name: str) -> KnownExperiment | None:
        """Return the experiment of this name, deleted or not; None if there is none."""

    def runs(
        self, experiment_ids: Sequence[str], where: Where, most: int | None = None
    ) -> Iterator[RecordedRun]:
        """Yield runs and sweeps that are not deleted, the newest first.

        Args:
            experiment_ids: MLflow's.
            where: which are meant.
            most: how many, at most; None for all.
        """


def records_of(uri: str) -> Records:
    """Return the record at an address, as it can be read in the least time."""
    from sweep.tracking.database import DatabaseRecords, can_be_read
    from sweep.tracking.mlflow_import import client_of

    if can_be_read(uri):
        return DatabaseRecords(uri)

    return ClientRecords(client_of(uri))


class ClientRecords:
    """A record that MLflow's client is asked about."""

    def __init__(self, client: "MlflowClient") -> None:
        """Take the client."""
        self._client = client

    def experiments(self) -> list[KnownExperiment]:
        """Return those that are not deleted."""
        found = pages(lambda token: self._client.search_experiments(page_token=token))
        return [*map(_known, found)]

    def experiment(self, name: str) -> KnownExperiment | None:
        """Return the experiment of this name, deleted or not; None if there is none."""
        found = self._client.get_experiment_by_name(name)
        return _known(found) if found else None

    def runs(
        self, experiment_ids: Sequence[str], where: Where, most: int | None = None
    ) -> Iterator[RecordedRun]:
        """Yield runs and sweeps that are not deleted, the newest first."""
        if (condition := _condition(where)) is not None:
            found = map(recorded_run, search(self._client, experiment_ids, condition, most))
            yield from islice((run for run in found if _has_texts(run, where)), most)


def _condition(where: Where) -> str | None:
    """Return what MLflow calls it; None for what no run can be, as far as it can say it."""
    parts = []
    if where.tag is not None:
        key, value = where.tag
        parts.append(is_equal(f"tags.`{key}`", value))
    if where.status is not None:
        parts.append(f"attributes.status = '{where.status}'")
    if where.run_ids is not None:
        if not where.run_ids:
            return None
        ids = ", ".join(f"'{each}'" for each in where.run_ids)
        parts.append(f"attributes.run_id IN ({ids})")
    if where.begins is not None:
        parts.append(f"attributes.run_id LIKE '{where.begins}%'")
    if where.name is not None:
        if not where.name:
            return None
        parts.append(is_equal("attributes.run_name", where.name))
    return " AND ".join(parts)


def _has_texts(run: RecordedRun, where: Where) -> bool:
    """Return whether a run's texts are those to the letter, which MLflow's condition cannot say."""
    texts = [where.tag] if where.tag is not None else []
    if where.name is not None:
        texts.append((MLFLOW_RUN_NAME, where.name))  # in the tag, as MLflow looks for it
    return all(run.tags.get(key) == value for key, value in texts)


def recorded_run(run: "Run") -> RecordedRun:
    """Return MLflow's run."""
    info: Any = run.info
    return RecordedRun(
        **vars(run_info(run)),
        experiment_id=info.experiment_id,
        start_ms=info.start_time,
        end_ms=info.end_time,
        place=info.artifact_uri,
    )


def _known(experiment: "Experiment") -> KnownExperiment:
    return KnownExperiment(
        experiment_id=experiment.experiment_id,
        name=experiment.name,
        place=experiment.artifact_location,
        is_deleted=experiment.lifecycle_stage == "deleted",
        tags=experiment.tags,
    )
