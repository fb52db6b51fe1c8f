"""A search: what is checked before it begins, and recorded as its parent run."""

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from hydra.core.utils import JobReturn

from sweep.config.metrics import direction_of
from sweep.config.overrides import describing
from sweep.config.params import params, score_metric
from sweep.config.schema import Config, Search
from sweep.display.console import count, show_lines
from sweep.errors import UserError
from sweep.optional import need
from sweep.runs.resume import close_abandoned
from sweep.search.jobs import Compose, MakeJob, Suggested
from sweep.search.space import Space
from sweep.search.study import Direction, Study
from sweep.sweeps.checks import Combination, prepare
from sweep.sweeps.parent_run import record_sweep
from sweep.tracking import STUDY, Record, Tracker, short_timeouts
from sweep.uris import shown

# What a study may go on with differently: how much of it, and where.
SWEEPER = "hydra/sweeper=optuna"
MAY_CHANGE = ("n_trials", "time_budget", "storage", "study", "trial")


def search(
    space: Space,
    combinations: Sequence[Combination],
    command: Sequence[str],
    compose: Compose,
    make_job: MakeJob,
    launch: Callable[[Suggested], Sequence[JobReturn]],
    count_gpus: Callable[[], int],
) -> Sequence[JobReturn]:
    """Check, announce, train and compare the runs of a search; return what became of them.

    The same search goes on where it was interrupted, and to more trials if it is given more.

    Args:
        space: what is searched.
        combinations: runs at the ends of the space, at least one, composed and checked.
        command: the search's own overrides; they name it.
        compose: returns the run of these overrides.
        make_job: returns the job of this number, and of what was composed.
        launch: trains what is suggested; returns when all have ended.
        count_gpus: returns how many GPUs there are where the runs are trained.

    Raises:
        UserError: something is wrong; nothing was trained or recorded.
        RunFailed: some runs failed; they and the others are recorded.
    """
    config = combinations[0].config
    settings, objectives = config.search, _objectives(config)
    for each in combinations:
        _check(each.config, space, objectives)
    n_trials = int(min(settings.n_trials, _most(config, space)))
    prepared = prepare(combinations, count_gpus, _announced(settings, space, n_trials))
    about = _about(config, space, objectives)
    about["dataset.digests"] = sorted({each.digest for each in prepared.datasets.values()})
    key = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:16]
    name = settings.study or f"{config.tracking.experiment}-{key}"
    directions = [_direction(each) for each in objectives]
    study = Study(settings, name, config.epochs, space, directions, about)
    _check_record(study, prepared.tracker)
    begun = len(study.begun())
    is_complete = not begun and study.count() >= n_trials
    done = f"{study.count() - begun} of {count(n_trials, 'trial')} done"
    show_lines(f"  study {name}: {done}{f', {begun} begun before' if begun else ''}")

    def train(record: Record) -> Sequence[JobReturn]:
        for dataset in prepared.datasets.values():
            record.log_dataset(dataset)
        suggested = Suggested(
            *(study, space, prepared, objectives, n_trials, settings.time_budget),
            *(record.run_id, compose, make_job),
        )
        try:
            results = [] if is_complete else launch(suggested)
        finally:
            with short_timeouts(), suppress(UserError):  # or the next command will do it
                close_abandoned(prepared.tracker, prepared.claims)
                own = {run.run_id for run in prepared.tracker.runs_of(record.run_id)}
                if elsewhere := {*study.run_ids()} - own:
                    record.log_found(elsewhere)
        if suggested.error:
            raise suggested.error
        _show_best(study, space, objectives)
        return results

    # Not the storage: its address may hold a password.
    recorded = {f"search.{key}": _text(each) for key, each in _settings(config).items()}
    tags = {STUDY: name}
    own = [each for each in command if each.startswith("search.")]
    how = [SWEEPER, *(each for each in own if not each.startswith("search.storage="))]
    return record_sweep(
        prepared, [key, name], config, command, is_complete, train, recorded, tags, how
    )


def _settings(config: Config) -> dict[str, Any]:
    """Return the settings that make it the same study."""
    settings = asdict(config.search)
    return {key: each for key, each in settings.items() if key not in MAY_CHANGE}


def _check_record(study: Study, tracker: Tracker) -> None:
    """See that a study that is there already belongs to this record."""
    if study.count() and not tracker.runs_of_study(study.name):
        raise UserError(
            f"search.study={study.name}: has {count(study.count(), 'trial')}, and no run in "
            f"experiment {tracker.experiment} of {shown(tracker.uri)}; allowed: the record that it "
            "was begun with, or another search.study"
        )


def _objectives(config: Config) -> tuple[str, ...]:
    return config.search.objectives or (score_metric(config),)


def _check(config: Config, space: Space, objectives: Sequence[str]) -> None:
    """Check what a search needs of its runs, and its settings of each other."""
    settings = config.search
    if not config.dataset.val_size:
        raise UserError(
            "dataset.val_size=0: leaves nothing to choose by, and the test set is not for choosing;"
            " allowed with hydra/sweeper=optuna is 1 or more"
        )
    if config.rerun:
        raise UserError(
            "rerun=true: a search trains nothing again; allowed with hydra/sweeper=optuna is false"
        )
    if settings.pruner and list(objectives) != [score_metric(config)]:
        raise UserError(
            f"search.pruner={settings.pruner}: stops runs by {score_metric(config)} alone (monitor)"
            f"; allowed with search.objectives=[{','.join(objectives)}] is null"
        )
    if settings.pruner and settings.min_epochs >= config.epochs:
        raise UserError(
            f"search.min_epochs={settings.min_epochs}: no run would be pruned; allowed with "
            f"epochs={config.epochs} is less"
        )
    if len({*objectives}) < len(objectives):
        raise UserError(f"search.objectives=[{','.join(objectives)}]: has one of them twice")
    if settings.sampler == "cmaes":
        need("optuna", "cmaes", "search.sampler=cmaes needs cmaes")
    if settings.sampler == "cmaes" and len(objectives) > 1:
        raise UserError(
            "search.sampler=cmaes: has one objective; allowed with more: tpe, gp, random"
        )
    if settings.sampler == "grid":
        for each in space.dimensions:
            if each.values is None:
                raise UserError(
                    f"{each.key}={each.text}: has no end of values, and search.sampler=grid tries "
                    "all; allowed: a range, or choices"
                )
    if settings.sampler == "gp":
        need("gp", "torch", "search.sampler=gp needs torch")


def _most(config: Config, space: Space) -> float:
    """Return how many trials there can be."""
    return space.size() if config.search.sampler == "grid" else float("inf")


def _announced(settings: Search, space: Space, n_trials: int) -> list[str]:
    """Return lines that say what is searched, and how."""
    pruned = f", pruned by {settings.pruner}" if settings.pruner else ""
    budget = f", within {settings.time_budget:g} s" if settings.time_budget else ""
    lines = [f"search of {count(n_trials, 'run')} by {settings.sampler}{pruned}{budget}:"]
    fixed = [f"  {each}" for each in describing(space.fixed)]
    return lines + [f"  {each.name}: {each.text}" for each in space.dimensions] + fixed


def _about(config: Config, space: Space, objectives: Sequence[str]) -> dict[str, Any]:
    """Return what makes it the same study."""
    names = {each.name for each in space.dimensions}
    return {
        "searched": space.describe(),
        **{key: text for key, text in params(config).items() if key not in names},
        **{f"search.{key}": each for key, each in _settings(config).items()},
        "search.objectives": list(objectives),
    }


def _direction(objective: str) -> Direction:
    return "maximize" if direction_of(objective) == "max" else "minimize"


def _show_best(study: Study, space: Space, objectives: Sequence[str]) -> None:
    """Print the trials that no other is better than in all objectives, where there are several."""
    if len(objectives) == 1:
        return
    show_lines(f"None is better than these in {' and '.join(objectives)}:")
    for trial in sorted(study.best(), key=lambda each: each.values):
        values = zip(objectives, trial.values, strict=True)
        told = ", ".join(f"{name} {value:.4f}" for name, value in values)
        varied = " ".join(each.override(trial.params[each.name]) for each in space.dimensions)
        show_lines(f"  run {trial.number}: {told}  {varied}")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
