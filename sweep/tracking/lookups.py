"""Many runs looked up at once, by what identifies their results.

MLflow answers one question for each of them, in 20 ms of an SQLite file with 1,000 runs and in
50 ms of a server: minutes, for a sweep of 10,000 (``benchmarks/lookups.py``).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, func, select

from sweep.tracking.database import ACTIVE, RUNS, TAGS, connected
from sweep.tracking.names import BUNDLE, FINGERPRINT, FOLDER, MLFLOW_PARENT_RUN_ID
from sweep.tracking.parts import VALUES_AT_ONCE, in_parts
from sweep.tracking.run_info import search
from sweep.uris import is_database

if TYPE_CHECKING:
    from mlflow import MlflowClient

FEW = 5  # that a server is asked for one by one
READ_FOR_EACH = 10  # recorded runs that a server sends in the time of one answer to a question
MOST = 0.5  # a share of what is recorded, of which all is read
OF_A_RESULT = (FINGERPRINT, FOLDER, MLFLOW_PARENT_RUN_ID, BUNDLE)  # tags


@dataclass(frozen=True)
class FoundRun:
    """A run that was found by what identifies its result; see :class:`RunInfo` for all of it.

    Attributes:
        run_id: MLflow's.
        status: RUNNING, FINISHED, FAILED or KILLED.
        fingerprint: what identifies its result.
        sweep_id: the run id of the sweep that it belongs to; None without one.
        folder_id: the id of the folder that its checkpoints are in; None without one.
    """

    run_id: str
    status: str
    fingerprint: str
    sweep_id: str | None
    folder_id: str | None

    @property
    def finished(self) -> bool:
        """Whether it is FINISHED."""
        return self.status == "FINISHED"


Found = dict[str, list[FoundRun]]


def find_by_fingerprint(
    client: Callable[[], "MlflowClient"], uri: str, experiment_id: str, fingerprints: Sequence[str]
) -> Found:
    """Return the runs of each fingerprint that has any, the newest first.

    Args:
        client: returns that of the record, where it is needed.
        uri: its address.
        experiment_id: in which to look.
        fingerprints: each once.
    """
    if is_database(uri):
        return _in_database(uri, experiment_id, fingerprints)
    found: Found = {}
    wanted = dict.fromkeys(fingerprints)
    if len(fingerprints) > FEW:
        every = _searched(client(), experiment_id, f"tags.{FINGERPRINT} != ''")
        found = _grouped(islice(every, most := round(READ_FOR_EACH * len(wanted))))
        if sum(map(len, found.values())) < most:  # these are all
            return {key: found[key] for key in wanted if key in found}
    for key in wanted:  # more is recorded than it would take to ask
        if past := [*_searched(client(), experiment_id, f"tags.{FINGERPRINT} = '{key}'")]:
            found[key] = past
    return {key: found[key] for key in wanted if key in found}


def _searched(client: "MlflowClient", experiment_id: str, condition: str) -> Iterator[FoundRun]:
    for run in search(client, [experiment_id], condition):
        if found := _found(run.info.run_id, run.info.status, run.data.tags):
            yield found


def _found(run_id: str, status: str, tags: Mapping[str, str]) -> FoundRun | None:
    """Return a run that has these tags; None if they do not identify a result of this record's."""
    own, folder, parent, bundle = (tags.get(each) for each in OF_A_RESULT)
    return FoundRun(run_id, status, own, parent, folder) if own and not bundle else None


def _in_database(uri: str, experiment_id: str, fingerprints: Sequence[str]) -> Found:
    """Read the tags that runs are told apart by: of those that are wanted, or, if most are, of all.

    A query for some of them looks through as many rows as one for all, and returns fewer.
    """
    recorded: Any = select(RUNS.c.run_uuid).where(
        RUNS.c.experiment_id == int(experiment_id), RUNS.c.lifecycle_stage == ACTIVE
    )
    found: Found = {}
    with connected(uri) as connection:
        how_many = select(func.count()).select_from(recorded.subquery())
        if len(fingerprints) > MOST * connection.execute(how_many).scalar_one():
            found = _grouped(_read(connection, recorded))
        else:
            for some in in_parts(fingerprints, VALUES_AT_ONCE):
                found |= _grouped(_read(connection, recorded.where(_has_one_of(some))))
    return {key: found[key] for key in dict.fromkeys(fingerprints) if key in found}


def _has_one_of(fingerprints: Sequence[str]) -> Any:
    tagged: Any = select(TAGS.c.run_uuid).where(
        TAGS.c.key == FINGERPRINT, TAGS.c.value.in_(fingerprints)
    )
    return RUNS.c.run_uuid.in_(tagged)


def _read(connection: Connection, runs: Any) -> Iterator[FoundRun]:
    """Yield runs that a query selects, the newest first."""
    query = (
        runs.join(TAGS, TAGS.c.run_uuid == RUNS.c.run_uuid)
        .where(TAGS.c.key.in_(OF_A_RESULT))
        .add_columns(RUNS.c.status, TAGS.c.key, TAGS.c.value)
        .order_by(RUNS.c.start_time.desc(), RUNS.c.run_uuid)
    )
    for run_id, rows in groupby(connection.execute(query), key=lambda row: row.run_uuid):
        own = [*rows]
        if found := _found(run_id, own[0].status, {each.key: each.value for each in own}):
            yield found


def _grouped(runs: Iterable[FoundRun]) -> Found:
    found: Found = defaultdict(list)
    for run in runs:
        found[run.fingerprint].append(run)
    return dict(found)
