"""A sweep: all its runs checked before the first one trains, recorded under one parent run."""

import hashlib
import itertools
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from hydra.core.utils import JobReturn
from omegaconf import DictConfig

from sweep import terminal
from sweep.addresses import resolve_uri, shown
from sweep.claims import Claims
from sweep.config import fingerprint, params, public
from sweep.data import Dataset, load_dataset
from sweep.devices import resolve
from sweep.errors import UserError
from sweep.schema import Config
from sweep.standing import close_abandoned, standings
from sweep.sweep_results import (
    keep_results,
    raise_failures,
    show_report_command,
    show_results,
)
from sweep.tracking import (
    FINGERPRINT,
    FOLDER,
    KIND,
    SWEEP,
    PastRun,
    Record,
    Tracker,
    impatient,
    probe,
)

ONE_FOR_ALL = (
    *("tracking", "n_jobs", "max_retries", "on_failure", "rerun"),
    *("checkpoint_dir", "figures"),
)


@dataclass(frozen=True)
class Job:
    """One combination: what is overridden, as in ``optim.lr=0.1``, and what that composes to.

    Attributes:
        overrides: of this combination.
        composed: by Hydra, with its own part.
        config: the run's part, checked.
    """

    overrides: tuple[str, ...]
    composed: DictConfig
    config: Config


@dataclass(frozen=True)
class ToTrain:
    """A combination that is not trained yet.

    Attributes:
        number: in the sweep, from 0.
        job: the combination.
        device: ``cpu`` or ``gpu``.
        is_claimed: returns whether another process trains it at this moment.
    """

    number: int
    job: Job
    device: str
    is_claimed: Callable[[], bool]


@dataclass(frozen=True)
class Plan:
    """What a sweep is about to do.

    Attributes:
        tracker: of its experiment.
        claims: of its folder of checkpoints.
        datasets: that its runs are trained on.
        keys: the fingerprints of all its jobs.
        trained: runs that are there already.
        rerun: whether what others have trained counts for nothing.
        to_train: what is missing; of jobs with the same fingerprint, the first.
    """

    tracker: Tracker
    claims: Claims
    datasets: Sequence[Dataset]
    keys: Sequence[str]
    trained: Sequence[PastRun]
    rerun: bool
    to_train: Sequence[ToTrain]


Launch = Callable[[Sequence[ToTrain], str], Sequence[JobReturn]]


def sweep(
    jobs: Sequence[Job], command: Sequence[str], launch: Launch, count_gpus: Callable[[], int]
) -> Sequence[JobReturn]:
    """Check, announce, train and compare the runs of a sweep; return the results of the launched.

    What is trained already is not trained again; what was begun goes on, below the same parent run
    if the sweep is the same.

    Args:
        jobs: at least one; all with the same ``tracking``, ``n_jobs`` and so on.
        command: the sweep's own overrides, as in ``optim.lr=0.1,0.2``; they name it.
        launch: trains combinations below the parent run of this id; returns when all have ended.
        count_gpus: returns how many GPUs there are where the runs are trained.

    Raises:
        UserError: a combination, or what it needs, is wrong; nothing was trained or recorded.
        RunFailed: some runs failed; they and the others are recorded.
    """
    plan = _plan(jobs, count_gpus)
    tracker, claims, first = plan.tracker, plan.claims, jobs[0].config
    with ExitStack() as held:
        key = _claim(held, claims, plan.keys)
        past = None if first.rerun else _past_sweep(tracker, claims, key)
        if past and past.finished and not plan.to_train:
            show_results(tracker, past.run_id, first)
            show_report_command(tracker, past.run_id, first)
            return []
        tags = {KIND: SWEEP, FINGERPRINT: key, FOLDER: claims.folder_id}
        name = " ".join(public(command)) or "sweep"
        with tracker.open_run(name, {}, tags, None, past) as record:
            try:
                results = _train(plan, record, launch)
            except BaseException:  # Ctrl-C too: what has been trained is shown all the same
                show_results(tracker, record.run_id, first)
                show_report_command(tracker, record.run_id, first)
                raise
            show_results(tracker, record.run_id, first)
            keep_results(tracker, record, first, public(command))
            raise_failures(results)
    return results


def _plan(jobs: Sequence[Job], count_gpus: Callable[[], int]) -> Plan:
    """Check all that the jobs need, announce them, and find out which are trained already."""
    first = jobs[0].config
    for field in ONE_FOR_ALL:
        if any(getattr(job.config, field) != getattr(first, field) for job in jobs):
            raise UserError(f"{field}: cannot be swept over; it is one for all runs of a sweep")
    probe(resolve_uri(first.tracking.uri))
    tracker = Tracker(first.tracking.uri, first.tracking.experiment)
    claims = Claims(Path(first.checkpoint_dir))
    datasets = {config: load_dataset(config) for config in {job.config.dataset for job in jobs}}
    gpus = count_gpus()
    contexts = dict.fromkeys(str(job.config.context) for job in jobs)
    devices = {context: resolve(context, gpus) for context in contexts}
    terminal.show_plan(
        [params(job.config) for job in jobs],
        [dataset.describe() for dataset in datasets.values()],
        f"{shown(tracker.uri)}, experiment {tracker.experiment}",
        " and ".join(dict.fromkeys(devices.values())),
    )
    close_abandoned(tracker, claims)
    keys = [
        fingerprint(
            replace(job.config, context=devices[job.config.context]),
            datasets[job.config.dataset].digest,
        )
        for job in jobs
    ]
    found = {} if first.rerun else standings(keys, tracker, claims)
    trained = {key: each.trained for key, each in found.items() if each.trained}
    to_train: dict[str, ToTrain] = {}
    for number, (key, job) in enumerate(zip(keys, jobs, strict=True)):
        if key not in trained:
            device, is_claimed = devices[job.config.context], partial(claims.is_claimed, key)
            to_train.setdefault(key, ToTrain(number, job, device, is_claimed))
    begun = sum(key not in trained for key in found)
    terminal.show_standings(len(keys) - len(set(keys)), len(trained), begun)
    return Plan(
        tracker,
        claims,
        [*datasets.values()],
        keys,
        [*trained.values()],
        first.rerun,
        [*to_train.values()],
    )


def _train(plan: Plan, record: Record, launch: Launch) -> Sequence[JobReturn]:
    """Train what is missing; keep the ids of those runs that other sweeps have trained."""

    def elsewhere(runs: Iterable[PastRun]) -> list[str]:
        return [run.run_id for run in runs if run.sweep_id != record.run_id]

    for dataset in plan.datasets:
        record.log_dataset(dataset)
    if before := elsewhere(plan.trained):
        record.log_found(before)
    try:
        results = launch(plan.to_train, record.run_id) if plan.to_train else []
    except BaseException:  # interrupted: what was killed could not close its record
        with impatient(), suppress(UserError):  # or the next command will do it
            close_abandoned(plan.tracker, plan.claims)
        raise
    with suppress(UserError):  # the record cannot be written: then its runs have failed
        close_abandoned(plan.tracker, plan.claims)
        own = {run.fingerprint for run in plan.tracker.runs_of(record.run_id) if run.finished}
        missing = [] if plan.rerun else [key for key in plan.keys if key not in own]
        now = [each.trained for each in standings(missing, plan.tracker, plan.claims).values()]
        if (after := elsewhere(run for run in now if run)) != before:
            record.log_found(after)
    return results


def _claim(held: ExitStack, claims: Claims, keys: Iterable[str]) -> str:
    """Claim a sweep of runs with these fingerprints, and return the fingerprint that it has.

    The same sweep may be going on in another process; then this one is another sweep.
    """
    key = hashlib.sha256(" ".join(sorted(set(keys))).encode()).hexdigest()[:16]
    names = itertools.chain([key], (f"{key}-{number}" for number in itertools.count(2)))
    return next(name for name in names if held.enter_context(claims.try_claim(name)))


def _past_sweep(tracker: Tracker, claims: Claims, key: str) -> PastRun | None:
    past = [run for run in tracker.past_runs(key) if run.folder_id == claims.folder_id]
    return next(iter(past), None)
