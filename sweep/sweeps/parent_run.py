"""The parent run of a sweep or a search: opened, or gone on with, and closed with its results."""

import itertools
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from hydra.core.utils import JobReturn

from sweep.config.overrides import describing
from sweep.config.schema import Config
from sweep.digests import short_digest
from sweep.runs.locks import RunLocks
from sweep.sweeps.best_model import keep_best_model
from sweep.sweeps.checks import Prepared
from sweep.sweeps.summary import (
    keep_results,
    raise_failures,
    show_report_command,
    show_results,
)
from sweep.sweeps.telling import Telling
from sweep.tracking import FINGERPRINT, FOLDER, KIND, SWEEP, RunInfo, Tracker

if TYPE_CHECKING:
    from sweep.tracking import Record

CLOSING_SECONDS = 3.0  # for another process to close the record of a sweep that died
CLAIM_SECONDS = 0.1  # until it is seen again whether it has


def record_sweep(
    prepared: Prepared,
    keys: Iterable[str],
    config: Config,
    command: Sequence[str],
    is_complete: bool,
    train: Callable[["Record"], Sequence[JobReturn]],
    params: Mapping[str, str] | None = None,
    more_tags: Mapping[str, str] | None = None,
    how: Sequence[str] = (),
    lacks: Callable[[RunInfo], bool] = lambda past: False,
) -> Sequence[JobReturn]:
    """Train below a parent run, and show and keep the results, whatever happens meanwhile.

    Args:
        prepared: what the runs have in common.
        keys: what makes it the same sweep as one before, which then goes on, in any order.
        config: of one of the runs.
        command: the sweep's own overrides, as in ``optim.lr=0.1,0.2``; they name it.
        is_complete: whether there is nothing left to train.
        train: trains below this record; returns when all has ended.
        params: of the parent run.
        more_tags: of the parent run, besides what all have.
        how: overrides without which the command would be another.
        lacks: returns whether a past sweep has more to train than what makes it the same.

    Raises:
        RunFailed: some runs failed; they and the others are recorded.
    """
    tracker, locks = prepared.tracker, prepared.locks
    with ExitStack() as held:
        key = _claim(held, locks, keys)
        past = None if config.rerun else _past_sweep(tracker, locks, key)
        if past and past.finished and is_complete and not lacks(past):
            show_results(tracker, past.run_id, config)
            show_report_command(past.run_id, config)
            if config.keep_models == "best":  # what could not be removed then may be now
                keep_best_model(tracker, past.run_id, config)
            return []
        tags = {KIND: SWEEP, FINGERPRINT: key, FOLDER: locks.folder_id, **(more_tags or {})}
        name = " ".join(describing(command)) or "sweep"
        telling = Telling(config, name)
        with telling, tracker.open_run(name, params or {}, tags, None, past) as record:
            telling.run_id = record.run_id
            try:
                results = train(record)
            except BaseException:  # Ctrl-C too: what has been trained is shown all the same
                telling.recorded = show_results(tracker, record.run_id, config)
                show_report_command(record.run_id, config)
                raise
            recorded = show_results(tracker, record.run_id, config, results)
            telling.recorded = recorded
            keep_results(recorded, tracker, record, config, [*how, *describing(command)])
            if config.keep_models == "best":
                keep_best_model(tracker, record.run_id, config)
            raise_failures(results)
    return results


def _claim(held: ExitStack, locks: RunLocks, keys: Iterable[str]) -> str:
    """Claim a sweep of runs with these fingerprints, and return the fingerprint that it has.

    The same sweep may be going on in another process; then this one is another sweep. A process
    that only closes the record of a dead sweep lets go of it within seconds, which are waited for.
    """
    key = short_digest(" ".join(sorted(set(keys))))
    deadline = time.monotonic() + CLOSING_SECONDS
    while not held.enter_context(locks.try_hold(key)):
        if time.monotonic() > deadline:
            others = (f"{key}-{number}" for number in itertools.count(2))
            return next(name for name in others if held.enter_context(locks.try_hold(name)))
        time.sleep(CLAIM_SECONDS)
    return key


def _past_sweep(tracker: Tracker, locks: RunLocks, key: str) -> RunInfo | None:
    past = [run for run in tracker.find_runs(key) if run.folder_id == locks.folder_id]
    return next(iter(past), None)
