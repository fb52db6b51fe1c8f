"""What sweeps and experiments there are: when, how many runs of which state, the best of them."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from sweep.config.metrics import Direction, at_best, direction_of
from sweep.errors import UserError
from sweep.results.aggregate import COUNTS
from sweep.results.runs import OTHERWISE, TESTED, USUAL_METRIC, listed
from sweep.runs.alive import is_at_work
from sweep.tracking import Entry, found_ids, read_entries
from sweep.uris import resolve_uri

METRICS = tuple(
    each for name in (USUAL_METRIC, OTHERWISE, *TESTED) for each in (at_best(name), name)
)
LEFT_BEHIND = "ended without closing its record"


@dataclass(frozen=True)
class SweepRow:
    """A sweep.

    Attributes:
        sweep_id: the run id of its parent run.
        name: of it: its overrides.
        experiment: MLflow's.
        started: when.
        state: finished, failed, killed, running, or that its process is gone.
        runs: how many are in which state, those included that it found trained.
        metric: that its runs are ranked by; None if none is measured.
        best: the best value of it.
        best_run_id: the run that has it; of several the one that the leaderboard has first.
        bundle: what identifies the bundle that it was taken in from; None if it was trained here.
    """

    sweep_id: str
    name: str
    experiment: str
    started: datetime
    state: str
    runs: Mapping[str, int]
    metric: str | None
    best: float | None
    best_run_id: str | None
    bundle: str | None


@dataclass(frozen=True)
class ExperimentRow:
    """An experiment: how many sweeps and runs it has, how these ended, and when the last began."""

    experiment: str
    sweeps: int
    runs: Mapping[str, int]
    last: datetime


@dataclass(frozen=True)
class Overview:
    """What is recorded: sweeps, the newest first, and experiments, the last used first."""

    sweeps: Sequence[SweepRow]
    experiments: Sequence[ExperimentRow]


def read_overview(uri: str | None, checkpoints: Path) -> Overview:
    """Return what sweeps and experiments are recorded.

    Args:
        uri: of the record; None for the default one.
        checkpoints: the folder in which it can be seen what is still at work.

    Raises:
        UserError: there is no such record.
    """
    entries, address = read_entries(uri, METRICS), resolve_uri(uri)
    runs = {each.run_id: each for each in entries if not each.is_sweep}
    below: dict[str, list[Entry]] = {}
    for run in runs.values():
        if run.sweep_id:
            below.setdefault(run.sweep_id, []).append(run)
    sweeps = []
    for each in entries:
        if each.is_sweep:
            found = [runs[known] for known in found_ids(address, each) or () if known in runs]
            own = {run.run_id: run for run in (*below.get(each.run_id, ()), *found)}
            sweeps.append(_sweep(each, list(own.values()), checkpoints))
    return Overview(sweeps, _experiments(entries))


def _sweep(entry: Entry, runs: Sequence[Entry], checkpoints: Path) -> SweepRow:
    metric, best = best_of([run for run in runs if run.finished])
    return SweepRow(
        sweep_id=entry.run_id,
        name=entry.name,
        experiment=entry.experiment,
        started=_time(entry.start_ms),
        state=_state(entry, checkpoints),
        runs=counts(run.state for run in runs),
        metric=metric,
        best=_kept(best, metric) if best and metric else None,
        best_run_id=best.run_id if best else None,
        bundle=entry.bundle,
    )


def _state(entry: Entry, checkpoints: Path) -> str:
    is_gone = entry.status == "RUNNING" and (
        is_at_work(checkpoints, entry.folder_id, entry.fingerprint) is False
    )
    return LEFT_BEHIND if is_gone else entry.state.lower()


def best_of(finished: Sequence[Entry]) -> tuple[str | None, Entry | None]:
    """Return by which metric finished runs are ranked, and the best of them.

    As of the runs of one sweep: see :meth:`sweep.results.runs.RecordedRuns.usual_metric`.
    """
    for metric in (*_monitored(finished), USUAL_METRIC, OTHERWISE, *TESTED):
        measured = [run for run in finished if not math.isnan(_kept(run, metric))]
        if measured:
            return metric, _first(measured, metric)
    return None, None


def _monitored(runs: Sequence[Entry]) -> list[str]:
    """Return what all runs monitor; nothing if they differ, or nobody knows which is better."""
    names = {run.monitor for run in runs}
    with suppress(UserError):
        if len(names) == 1 and (name := names.pop()) and _direction(runs, name):
            return [name]
    return []


def _direction(runs: Sequence[Entry], metric: str) -> Direction:
    return direction_of(metric, [each for run in runs for each in listed(run.measured)])


def _first(measured: Sequence[Entry], metric: str) -> Entry:
    """Return the best run; of equal ones that which comes first in the leaderboard by seed."""
    sign = -1 if _direction(measured, metric) == "max" else 1

    def place(run: Entry) -> tuple[float, bool, str, int, str]:
        known = run.fingerprint
        return sign * _kept(run, metric), known is None, known or "", run.start_ms, run.run_id

    return min(measured, key=place)


def _kept(run: Entry, metric: str) -> float:
    """Return a metric of the epoch that a run kept; NaN if it was not measured."""
    return run.metrics.get(at_best(metric), run.metrics.get(metric, math.nan))


def _experiments(entries: Sequence[Entry]) -> list[ExperimentRow]:
    found: dict[str, list[Entry]] = {}
    for each in entries:  # the newest first
        found.setdefault(each.experiment, []).append(each)
    return [
        ExperimentRow(
            experiment=name,
            sweeps=sum(each.is_sweep for each in those),
            runs=counts(each.state for each in those if not each.is_sweep),
            last=_time(those[0].start_ms),
        )
        for name, those in found.items()
    ]


def counts(states: Iterable[str]) -> dict[str, int]:
    """Return how many runs are in which state: those that are finished first."""
    found = Counter(state.lower() for state in states)
    order = [state.lower() for state in COUNTS.values()]
    return {state: found[state] for state in dict.fromkeys([*order, *found]) if found[state]}


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, timezone.utc)
