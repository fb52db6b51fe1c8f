"""A sweep: all its runs checked before the first one trains, recorded under one parent run."""

import hashlib
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from hydra.core.utils import JobReturn
from omegaconf import DictConfig

from sweep import terminal
from sweep.addresses import resolve_uri, shown
from sweep.config import fingerprint, params, public
from sweep.devices import find_gpus, resolve
from sweep.errors import UserError
from sweep.schema import Config, DatasetConfig
from sweep.sweep_results import raise_failures, show_results

if TYPE_CHECKING:
    from sweep.claims import Claims
    from sweep.tracking import PastRun, Tracker

ONE_FOR_ALL = ("tracking", "n_jobs", "max_retries", "on_failure", "rerun", "checkpoint_dir")


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
        is_claimed: returns whether another process trains it at this moment.
    """

    number: int
    job: Job
    is_claimed: Callable[[], bool]


Launch = Callable[[Sequence[ToTrain], str], Sequence[JobReturn]]


def sweep(jobs: Sequence[Job], command: Sequence[str], launch: Launch) -> Sequence[JobReturn]:
    """Check, announce, train and compare the runs of a sweep; return the results of the launched.

    What is trained already is not trained again; what was begun goes on, below the same parent run
    if the sweep is the same.

    Args:
        jobs: at least one; all with the same ``tracking``, ``n_jobs`` and so on.
        command: the sweep's own overrides, as in ``optim.lr=0.1,0.2``; they name it.
        launch: trains combinations below the parent run of this id; returns when all have ended.

    Raises:
        UserError: a combination, or what it needs, is wrong; nothing was trained or recorded.
        RunFailed: some runs failed; they and the others are recorded.
    """
    first = jobs[0].config
    for field in ONE_FOR_ALL:
        if any(getattr(job.config, field) != getattr(first, field) for job in jobs):
            raise UserError(f"{field}: cannot be swept over; it is one for all runs of a sweep")
    from sweep import tracking
    from sweep.claims import Claims
    from sweep.data import load_dataset
    from sweep.standing import close_abandoned, standings

    tracking.probe(resolve_uri(first.tracking.uri))
    tracker = tracking.Tracker(first.tracking.uri, first.tracking.experiment)
    claims = Claims(Path(first.checkpoint_dir), tracker.uri, tracker.experiment)
    datasets = {config: load_dataset(config) for config in {job.config.dataset for job in jobs}}
    gpus = find_gpus(first.threads_per_run)  # and so it is known that MXNet can be loaded
    contexts = dict.fromkeys(str(job.config.context) for job in jobs)
    devices = {context: resolve(context, len(gpus)) for context in contexts}
    terminal.show_plan(
        [params(job.config) for job in jobs],
        [dataset.describe() for dataset in datasets.values()],
        f"{shown(tracker.uri)}, experiment {tracker.experiment}",
        " and ".join(dict.fromkeys(devices.values())),
    )
    digests = {config: dataset.digest for config, dataset in datasets.items()}
    keys = [_fingerprint(job.config, devices, digests) for job in jobs]
    close_abandoned(tracker, claims)
    found = {} if first.rerun else standings(keys, tracker, claims)
    trained = {key: each.trained for key, each in found.items() if each.trained}
    terminal.show_standings(len(trained), sum(key not in trained for key in found))
    to_train = {  # one of those that are the same
        key: ToTrain(number, job, partial(claims.is_claimed, key))
        for number, (key, job) in reversed(list(enumerate(zip(keys, jobs, strict=True))))
        if key not in trained
    }
    with ExitStack() as held:
        own_key = _claim(held, claims, keys)
        past = None if first.rerun else _past_sweep(tracker, claims, own_key)
        if past and past.status == "FINISHED" and not to_train:
            show_results(tracker, past.run_id, first)
            return []
        tags = {
            tracking.KIND: tracking.SWEEP,
            tracking.FINGERPRINT: own_key,
            tracking.FOLDER: claims.folder_id,
        }
        name = " ".join(public(command)) or "sweep"
        with tracker.open_run(name, {}, tags, None, past) as record:
            for dataset in datasets.values():
                record.log_dataset(dataset)
            record.log_found(_elsewhere(trained.values(), record.run_id))
            try:
                results = launch([*to_train.values()][::-1], record.run_id) if to_train else []
                own = {run.fingerprint for run in tracker.runs_of(record.run_id) if run.finished}
                others = standings([key for key in keys if key not in own], tracker, claims)
                now = [each.trained for each in others.values() if each.trained]
                record.log_found(_elsewhere(now, record.run_id))
            finally:
                # Interrupted, or dead: then runs could not close their records.
                close_abandoned(tracker, claims)
                show_results(tracker, record.run_id, first)
            raise_failures(results)
    return results


def _fingerprint(
    config: Config,
    devices: Mapping[str, Literal["cpu", "gpu"]],
    digests: Mapping[DatasetConfig, str],
) -> str:
    known = replace(config, context=devices[config.context])
    return fingerprint(known, digests[config.dataset])


def _claim(held: ExitStack, claims: "Claims", keys: Iterable[str]) -> str:
    """Claim a sweep of runs with these fingerprints, and return the fingerprint that it has.

    The same sweep may be going on in another process; then this one is another sweep.
    """
    key = hashlib.sha256(" ".join(sorted(set(keys))).encode()).hexdigest()[:16]
    names = itertools.chain([key], (f"{key}-{number}" for number in itertools.count(2)))
    return next(name for name in names if held.enter_context(claims.try_claim(name)))


def _past_sweep(tracker: "Tracker", claims: "Claims", key: str) -> "PastRun | None":
    past = [run for run in tracker.past_runs(key) if run.folder_id == claims.folder_id]
    return next(iter(past), None)


def _elsewhere(runs: Iterable["PastRun"], sweep_id: str) -> list[str]:
    return [run.run_id for run in runs if run.sweep_id != sweep_id]
