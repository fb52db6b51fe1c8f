"""A search: checked before it begins, and recorded as its parent run."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from hydra.core.utils import JobReturn

from sweep.config.metrics import direction_of
from sweep.config.params import as_text
from sweep.config.schema import Config
from sweep.display.console import count, show_lines
from sweep.errors import UserError
from sweep.execution.job import Job
from sweep.execution.source import JobSource
from sweep.runs.resume import close_abandoned
from sweep.search.jobs import TrialJobs
from sweep.search.plan import Plan, check, key_of
from sweep.search.study import Direction, Study
from sweep.sweeps.checks import Prepared, prepare
from sweep.sweeps.compose import Composer
from sweep.sweeps.parent_run import record_sweep
from sweep.tracking import STUDY, Record, Tracker, short_timeouts
from sweep.uris import redacted

SWEEPER = "hydra/sweeper=optuna"


class Launcher(Protocol):
    """What trains the runs of a search."""

    def count_gpus(self, config: Config) -> int:
        """Return how many GPUs runs such as this one can have."""

    def train(
        self, config: Config, jobs: Sequence[Job], source: JobSource | None
    ) -> Sequence[JobReturn]:
        """Train jobs, and what the source has; return what became of them when all have ended."""


def search(
    plan: Plan, examples: Sequence[Job], composer: Composer, launcher: Launcher
) -> Sequence[JobReturn]:
    """Check, announce, train and compare the runs of a search; return what became of them.

    The same search goes on where it was interrupted, and to more trials if it is given more.

    Args:
        plan: what is searched.
        examples: runs at the ends of the space, at least one, composed and checked.
        composer: makes runs from suggested values.
        launcher: trains them.

    Raises:
        UserError: something is wrong; nothing was trained or recorded.
        RunFailed: some runs failed; they and the others are recorded.
    """
    check(plan, [each.config for each in examples])
    prepared = prepare(examples, launcher.count_gpus, plan.announced())
    about = plan.about(each.digest for each in prepared.datasets.values())
    key = key_of(about)
    study = _open_study(plan, key, about)
    _check_record(study, prepared.tracker)
    begun = len(study.begun())
    is_complete = not begun and study.count() >= plan.n_trials
    _show_progress(study, plan, begun)

    def train(record: Record) -> Sequence[JobReturn]:
        for dataset in prepared.datasets.values():
            record.log_dataset(dataset)
        source = TrialJobs(plan, study, prepared, composer, record.run_id)
        try:
            results = [] if is_complete else launcher.train(plan.config, [], source)
        finally:
            _tidy_up(study, prepared, record)
        if source.error:
            raise source.error
        _show_best(study, plan)
        return results

    return record_sweep(
        prepared,
        keys=[key, study.name],
        config=plan.config,
        command=plan.command,
        is_complete=is_complete,
        train=train,
        # Not the storage: its address may hold a password.
        params={f"search.{key}": as_text(each) for key, each in plan.settings.items()},
        more_tags={STUDY: study.name},
        how=[SWEEPER, *_own_overrides(plan.command)],
    )


def _open_study(plan: Plan, key: str, about: object) -> Study:
    """Open the study of a search, or create it: it goes on if it searches the same."""
    config = plan.config
    return Study(
        config.search,
        name=config.search.study or f"{config.tracking.experiment}-{key}",
        epochs=config.epochs,
        space=plan.space,
        directions=[_direction(each) for each in plan.objectives],
        about=about,
    )


def _check_record(study: Study, tracker: Tracker) -> None:
    """See that a study that is there already belongs to this record."""
    if study.count() and not tracker.runs_of_study(study.name):
        raise UserError(
            f"search.study={study.name}: has {count(study.count(), 'trial')}, and no run in "
            f"experiment {tracker.experiment} of {redacted(tracker.uri)}; allowed: the record that "
            "it was begun with, or another search.study"
        )


def _show_progress(study: Study, plan: Plan, begun: int) -> None:
    """Print how much of a search is done."""
    done = f"{study.count() - begun} of {count(plan.n_trials, 'trial')} done"
    show_lines(f"  study {study.name}: {done}{f', {begun} begun before' if begun else ''}")


def _tidy_up(study: Study, prepared: Prepared, record: Record) -> None:
    """Close what was killed, and keep the ids of the runs that other sweeps have trained."""
    with short_timeouts(), suppress(UserError):  # or the next command will do it
        close_abandoned(prepared.tracker, prepared.locks)
        own = {run.run_id for run in prepared.tracker.runs_of(record.run_id)}
        if elsewhere := {*study.run_ids()} - own:
            record.log_found(elsewhere)


def _own_overrides(command: Sequence[str]) -> list[str]:
    """Return what was set of the search itself, without an address."""
    return [
        each
        for each in command
        if each.startswith("search.") and not each.startswith("search.storage=")
    ]


def _direction(objective: str) -> Direction:
    return "maximize" if direction_of(objective) == "max" else "minimize"


def _show_best(study: Study, plan: Plan) -> None:
    """Print the trials that no other is better than in all objectives, where there are several."""
    if len(plan.objectives) == 1:
        return
    show_lines(f"Best trade-offs of {' and '.join(plan.objectives)}:")
    for trial in sorted(study.best(), key=lambda each: each.values):
        values = zip(plan.objectives, trial.values, strict=True)
        told = ", ".join(f"{name} {value:.4f}" for name, value in values)
        varied = " ".join(each.override(trial.params[each.name]) for each in plan.space.dimensions)
        show_lines(f"  run {trial.number}: {told}  {varied}")
