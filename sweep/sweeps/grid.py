"""A sweep: all its runs checked before the first one trains, recorded under one parent run."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from hydra.core.utils import JobReturn

from sweep.display import console as terminal
from sweep.errors import UserError
from sweep.runs.resume import close_abandoned, standings
from sweep.sweeps.checks import Combination, Prepared, prepare
from sweep.sweeps.parent_run import record_sweep
from sweep.tracking import PastRun, Record, short_timeouts


@dataclass(frozen=True)
class ToTrain:
    """A combination that is not trained yet.

    Attributes:
        number: in the sweep, from 0.
        combination: the combination.
        device: ``cpu`` or ``gpu``.
        is_claimed: returns whether another process trains it at this moment.
    """

    number: int
    combination: Combination
    device: str
    is_claimed: Callable[[], bool]


@dataclass(frozen=True)
class Plan:
    """What a sweep is about to do.

    Attributes:
        prepared: what its runs have in common.
        keys: the fingerprints of all its combinations.
        trained: runs that are there already.
        rerun: whether what others have trained counts for nothing.
        to_train: what is missing; of combinations with the same fingerprint, the first.
    """

    prepared: Prepared
    keys: Sequence[str]
    trained: Sequence[PastRun]
    rerun: bool
    to_train: Sequence[ToTrain]


Launch = Callable[[Sequence[ToTrain], str], Sequence[JobReturn]]


def sweep(
    combinations: Sequence[Combination],
    command: Sequence[str],
    launch: Launch,
    count_gpus: Callable[[], int],
) -> Sequence[JobReturn]:
    """Check, announce, train and compare the runs of a sweep; return the results of the launched.

    What is trained already is not trained again; what was begun goes on, below the same parent run
    if the sweep is the same.

    Args:
        combinations: at least one; all with the same ``tracking``, ``n_jobs`` and so on.
        command: the sweep's own overrides, as in ``optim.lr=0.1,0.2``; they name it.
        launch: trains combinations below the parent run of this id; returns when all have ended.
        count_gpus: returns how many GPUs there are where the runs are trained.

    Raises:
        UserError: a combination, or what it needs, is wrong; nothing was trained or recorded.
        RunFailed: some runs failed; they and the others are recorded.
    """
    prepared = prepare(combinations, count_gpus)
    plan, first = _plan(combinations, prepared), combinations[0].config
    return record_sweep(
        prepared, plan.keys, first, command, not plan.to_train, partial(_train, plan, launch)
    )


def _plan(combinations: Sequence[Combination], prepared: Prepared) -> Plan:
    """Find out which of the combinations are trained already."""
    first, tracker, claims = combinations[0].config, prepared.tracker, prepared.claims
    keys = [prepared.fingerprint(combination.config) for combination in combinations]
    found = {} if first.rerun else standings(keys, tracker, claims)
    trained = {key: each.trained for key, each in found.items() if each.trained}
    to_train: dict[str, ToTrain] = {}
    for number, (key, combination) in enumerate(zip(keys, combinations, strict=True)):
        if key not in trained:
            device = prepared.device(combination.config)
            is_claimed = partial(claims.is_claimed, key)
            to_train.setdefault(key, ToTrain(number, combination, device, is_claimed))
    begun = sum(key not in trained for key in found)
    terminal.show_standings(len(keys) - len(set(keys)), len(trained), begun)
    return Plan(prepared, keys, [*trained.values()], first.rerun, [*to_train.values()])


def _train(plan: Plan, launch: Launch, record: Record) -> Sequence[JobReturn]:
    """Train what is missing; keep the ids of those runs that other sweeps have trained."""
    tracker, claims = plan.prepared.tracker, plan.prepared.claims

    def elsewhere(runs: Iterable[PastRun]) -> list[str]:
        return [run.run_id for run in runs if run.sweep_id != record.run_id]

    for dataset in plan.prepared.datasets.values():
        record.log_dataset(dataset)
    if before := elsewhere(plan.trained):
        record.log_found(before)
    try:
        results = launch(plan.to_train, record.run_id) if plan.to_train else []
    except BaseException:  # interrupted: what was killed could not close its record
        with short_timeouts(), suppress(UserError):  # or the next command will do it
            close_abandoned(tracker, claims)
        raise
    with suppress(UserError):  # the record cannot be written: then its runs have failed
        close_abandoned(tracker, claims)
        own = {run.fingerprint for run in tracker.runs_of(record.run_id) if run.finished}
        missing = [] if plan.rerun else [key for key in plan.keys if key not in own]
        now = [each.trained for each in standings(missing, tracker, claims).values()]
        if (after := elsewhere(run for run in now if run)) != before:
            record.log_found(after)
    return results
