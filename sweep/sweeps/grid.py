"""A sweep: all its runs checked before the first one trains, recorded under one parent run."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

from hydra.core.utils import JobReturn

from sweep.config.schema import Config
from sweep.display.plan import show_epochs, show_prior_runs
from sweep.errors import UserError
from sweep.execution.foreign import AnyLauncher
from sweep.execution.job import Job
from sweep.execution.source import JobSource
from sweep.execution.steering import Steering
from sweep.progress import tell
from sweep.runs.control_folder import ControlFolder
from sweep.runs.membership import Membership
from sweep.runs.resume import all_prior_runs, close_abandoned
from sweep.sweeps.added import Grid, MoreRuns, added_before, planned
from sweep.sweeps.checks import Prepared, announce, prepare
from sweep.sweeps.imports import imported_meanwhile
from sweep.sweeps.parent_run import record_sweep
from sweep.sweeps.sharing import States, epochs_of, in_chains, states_of
from sweep.tracking import (
    ADDED_FILE,
    FoundRun,
    Plans,
    RunInfo,
    Tracker,
    explained_errors,
    import_stores,
    read_text,
    short_timeouts,
)

if TYPE_CHECKING:
    from sweep.tracking import Record


@dataclass(frozen=True)
class Plan:
    """What a sweep is about to do.

    Attributes:
        prepared: what its runs have in common.
        keys: the fingerprints of all its combinations.
        trained: runs that are there already.
        rerun: whether what others have trained counts for nothing.
        missing: what is not trained yet; of jobs with the same fingerprint, the first.
        missing_keys: the fingerprints of those.
        states: after which epochs there are states that these can go on from, by their numbers.
    """

    prepared: Prepared
    keys: Sequence[str]
    trained: Sequence[FoundRun]
    rerun: bool
    missing: Sequence[Job]
    missing_keys: Sequence[str]
    states: States


class LaterRuns(JobSource, Protocol):
    """Runs of a sweep that are not known beforehand."""

    @property
    def config(self) -> Config:
        """Of one of them."""

    @property
    def is_over(self) -> bool:
        """Whether there are no more."""


@dataclass(frozen=True, kw_only=True)
class Further:
    """Which runs a sweep gets besides those of its plan.

    Attributes:
        keys: returns the fingerprints of all its runs by then, with those of the plan.
        again: returns those that were added before; it is called when the plan is recorded.
        source: of those that are not known beforehand; None if there is none.
        steering: what users ask of the sweep, which may add some.
        plans: keep what is known of all of them.
    """

    keys: Callable[[], Sequence[str]]
    again: Callable[[], Sequence[Job]] = lambda: ()
    source: LaterRuns | None = None
    steering: Steering
    plans: Plans


def sweep(
    jobs: Sequence[Job], command: Sequence[str], launcher: AnyLauncher, grid: Grid
) -> Sequence[JobReturn]:
    """Check, announce, train and compare the runs of a sweep; return the results of the launched.

    What is trained already is not trained again; what was begun goes on, below the same parent run
    if the sweep is the same.

    Args:
        jobs: at least one, composed and checked.
        command: the sweep's own overrides, as in ``optim.lr=0.1,0.2``; they name it.
        launcher: trains them.
        grid: what the jobs are the combinations of; more are made of it while they train.

    Raises:
        UserError: a combination, or what it needs, is wrong; nothing was trained or recorded.
        RunFailed: some runs failed; they and the others are recorded.
    """
    plan, first = plan_of(jobs, launcher), jobs[0].config
    return record_sweep(
        plan.prepared,
        keys=plan.keys,
        config=first,
        command=command,
        is_complete=not plan.missing,
        lacks=partial(_lacks_what_was_added, plan.prepared.tracker),
        train=partial(_train, plan, jobs, launcher, grid),
    )


def plan_of(jobs: Sequence[Job], launcher: AnyLauncher) -> Plan:
    """Check and announce the runs of a sweep, and find out which are trained already.

    Args:
        jobs: at least one, composed and checked.
        launcher: trains them.

    Raises:
        UserError: what a run needs is wrong.
    """
    prepared = prepare(jobs, launcher.count_gpus)
    first, tracker, locks = jobs[0].config, prepared.tracker, prepared.locks
    tell("Looking them up in the record ...")
    keys = [prepared.fingerprint(job.config) for job in jobs]
    found = {} if first.rerun else all_prior_runs(keys, tracker, locks)
    trained = {key: each.trained for key, each in found.items() if each.trained}
    missing: dict[str, Job] = {}
    for key, job in zip(keys, jobs, strict=True):
        if key not in trained:
            missing.setdefault(key, job)
    if missing:  # or MXNet is not needed
        import_stores()  # while others import MXNet, which is waited for next
        launcher.check_mxnet(first)
    announce(prepared, [job.config for job in jobs], None)
    begun = sum(key not in trained for key in found)
    show_prior_runs(len(keys) - len(set(keys)), len(trained), begun)
    chained = {key: replace(job, chain=prepared.chain(job.config)) for key, job in missing.items()}
    states, new = states_of(chained, found, locks.folder), [*chained.values()]
    epochs = epochs_of(new, states)
    show_epochs(epochs.to_train, epochs.in_all)
    return Plan(prepared, keys, [*trained.values()], first.rerun, new, [*chained], states)


def _train(
    plan: Plan, jobs: Sequence[Job], launcher: AnyLauncher, grid: Grid, record: "Record"
) -> Sequence[JobReturn]:
    """Train what is missing, and what users add."""
    membership, folder = Membership(record.run_id), plan.prepared.locks.folder
    plans = Plans(record)
    more = MoreRuns(plan.prepared, jobs, plan.keys, membership, grid, launcher, plans)
    added = _added_to(plan.prepared.tracker, record.run_id)
    control = ControlFolder(folder, record.run_id)
    further = Further(
        keys=lambda: more.keys,
        again=partial(more.again, added),
        steering=Steering(control, record, more, more.for_others, added),
        plans=plans,
    )
    return train(plan, launcher, record, further)


def _added_to(tracker: Tracker, sweep_id: str) -> list[list[str]]:
    return added_before(read_text(tracker.uri, sweep_id, ADDED_FILE))


def _lacks_what_was_added(tracker: Tracker, past: RunInfo) -> bool:
    """Return whether a sweep of which all that was planned is trained has more, untrained."""
    ended = all(run.finished for run in tracker.runs_of(past.run_id))
    return not ended and bool(_added_to(tracker, past.run_id))


def train(
    plan: Plan, launcher: AnyLauncher, record: "Record", further: Further
) -> Sequence[JobReturn]:
    """Train what is missing; keep the ids of those runs that other sweeps have trained.

    Args:
        plan: of the sweep.
        launcher: trains the runs.
        record: of the sweep.
        further: its runs besides those of the plan.
    """
    tracker, locks = plan.prepared.tracker, plan.prepared.locks

    def elsewhere(runs: Iterable[FoundRun]) -> list[str]:
        return [run.run_id for run in runs if run.sweep_id != record.run_id]

    membership = Membership(record.run_id)
    begun = [plan.prepared.started(job, membership) for job in plan.missing]
    before = elsewhere(plan.trained)
    planned_runs = planned(plan.missing_keys, begun)
    with explained_errors(tracker.uri):
        further.plans.add(len({*plan.keys}), planned_runs)
    missing = [*in_chains(begun, plan.states), *further.again()]
    with explained_errors(tracker.uri):
        for dataset in plan.prepared.datasets.values():  # those of what was added are among them
            record.log_dataset(dataset)
        if before:
            record.log_found(before)
    try:
        source = further.source if further.source and not further.source.is_over else None
        if missing or source:
            config = source.config if source else missing[0].config
            with imported_meanwhile(launcher, draws=config.figures):
                results = launcher.train(config, missing, source=source, steering=further.steering)
        else:
            results = []
    except BaseException:  # interrupted: what was killed could not close its record
        with short_timeouts(), suppress(UserError, OSError):  # or the next command will do it
            close_abandoned(tracker, locks)
        raise
    with suppress(UserError, OSError):  # the record cannot be written: then its runs have failed
        close_abandoned(tracker, locks)
        own = {run.fingerprint for run in tracker.runs_of(record.run_id) if run.finished}
        absent = [] if plan.rerun else [key for key in further.keys() if key not in own]
        now = [each.trained for each in all_prior_runs(absent, tracker, locks).values()]
        if (after := elsewhere(run for run in now if run)) != before:
            with explained_errors(tracker.uri):
                record.log_found(after)
    return results
