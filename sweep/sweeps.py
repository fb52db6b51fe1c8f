"""A sweep: all its runs checked before the first one trains, recorded under one parent run."""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hydra.core.utils import JobReturn, JobStatus
from omegaconf import DictConfig

from sweep import terminal
from sweep.addresses import browse_command, shown
from sweep.config import params, public
from sweep.devices import find_gpus, resolve
from sweep.environment import program
from sweep.errors import RunFailed, UserError
from sweep.schema import Config

if TYPE_CHECKING:
    from sweep.tracking import Tracker


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


Launch = Callable[[Sequence[Job], str], Sequence[JobReturn]]


def sweep(jobs: Sequence[Job], command: Sequence[str], launch: Launch) -> Sequence[JobReturn]:
    """Check, announce, train and compare the runs of a sweep.

    Args:
        jobs: at least one; all with the same ``tracking`` and ``n_jobs``.
        command: the sweep's own overrides, as in ``optim.lr=0.1,0.2``; they name it.
        launch: trains all jobs below the parent run of this id; returns when all have ended.

    Raises:
        UserError: a combination, or what it needs, is wrong; nothing was trained or recorded.
        RunFailed: some runs failed; they and the others are recorded.
    """
    first = jobs[0].config
    if any(job.config.tracking != first.tracking for job in jobs):
        raise UserError("tracking: cannot be swept over; allowed is one address and one experiment")
    if any(job.config.n_jobs != first.n_jobs for job in jobs):
        raise UserError("n_jobs: cannot be swept over; it is the number of runs at once")
    from sweep import tracking
    from sweep.data import load_dataset

    tracker = tracking.Tracker(first.tracking.uri, first.tracking.experiment)
    datasets = {config: load_dataset(config) for config in {job.config.dataset for job in jobs}}
    contexts = {job.config.context for job in jobs}
    gpus = find_gpus(first.threads_per_run)  # and so it is known that MXNet can be loaded
    devices = dict.fromkeys(resolve(each, len(gpus)) for each in contexts)
    terminal.show_plan(
        [params(job.config) for job in jobs],
        [dataset.describe() for dataset in datasets.values()],
        f"{shown(tracker.uri)}, experiment {tracker.experiment}",
        " and ".join(devices),
    )
    name, tags = " ".join(public(command)) or "sweep", {tracking.KIND: tracking.SWEEP}
    with tracker.open_run(name, {}, tags, parent=None) as record:
        for dataset in datasets.values():
            record.log_dataset(dataset)
        try:
            results = launch(jobs, record.run_id)
        except BaseException:  # interrupted, or its workers died: they cannot close their runs
            tracker.kill_runs_of(record.run_id)
            raise
        finally:
            _show_results(jobs, record.run_id, tracker)
        _raise_failures(results)
    return results


def _show_results(jobs: Sequence[Job], sweep_id: str, tracker: "Tracker") -> None:
    """Print the leaderboard of what has been trained, and the commands to go on with."""
    from sweep.leaderboard import (
        DEFAULT_EXPERIMENT,
        DEFAULT_METRIC,
        direction_of,
        leaderboard,
    )
    from sweep.leaderboard_view import show_leaderboard

    held_out = any(job.config.dataset.val_size for job in jobs)
    metric = jobs[0].config.monitor if held_out else "test/accuracy"
    try:
        table = leaderboard(tracker.experiment, sweep_id, metric, tracking_uri=tracker.uri)
        show_leaderboard(table, metric, direction_of(metric))
    except UserError as error:
        terminal.show_lines(str(error))
    options = ["--sweep", sweep_id]
    if metric != DEFAULT_METRIC:
        options += ["--metric", metric]
    if tracker.experiment != DEFAULT_EXPERIMENT:
        options += ["--experiment", tracker.experiment]
    if (uri := jobs[0].config.tracking.uri) is not None:
        options += ["--tracking-uri", shown(uri)]
    terminal.show_lines(
        f"Browse:  {browse_command(tracker.uri)}",
        f"Compare: {shlex.join([program('python'), '-m', 'sweep.leaderboard', *options])}",
    )


def _raise_failures(results: Sequence[JobReturn]) -> None:
    failures = [each for each in results if each.status == JobStatus.FAILED]
    for each in failures:
        # Asking for return_value would raise the first one.
        if not isinstance(each._return_value, RunFailed):
            terminal.show_lines(f"{' '.join(public(each.overrides or []))}: {each._return_value}")
    if failures:
        raise RunFailed(f"{len(failures)} of {len(results)} runs failed")
