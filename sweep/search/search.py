"""A search: checked before it begins, and recorded as its parent run."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn

from sweep.config.losses import Loss
from sweep.config.metrics import direction_of
from sweep.config.networks import Network
from sweep.config.own_metrics import OwnMetrics
from sweep.config.params import as_text
from sweep.config.schema import Config
from sweep.display.console import count, show_lines
from sweep.errors import UserError
from sweep.execution.foreign import AnyLauncher
from sweep.execution.job import Job
from sweep.execution.steering import Steering
from sweep.runs.control_folder import ControlFolder
from sweep.runs.own_networks import all_modules, folder_of_copies
from sweep.runs.resume import close_abandoned
from sweep.search.jobs import TrialJobs
from sweep.search.known_runs import finder, show_warm_start, tags
from sweep.search.plan import Plan, check, key_of
from sweep.search.rules import RULE, as_before_pauses, other_rule
from sweep.search.standing import recorded_standing, runs_in_all, standing
from sweep.search.stored import is_of_older_version, recorded_trials
from sweep.search.study import Direction, Study
from sweep.sweeps.checks import Checked, Prepared, announce, prepare
from sweep.sweeps.compose import Composer
from sweep.sweeps.dry_run import rehearse_search
from sweep.sweeps.imports import imported_meanwhile
from sweep.sweeps.parent_run import record_sweep
from sweep.tracking import STUDY, Plans, Record, explained_errors, short_timeouts
from sweep.tracking.reader import Reader
from sweep.uris import redacted, resolve_uri

SWEEPER = "hydra/sweeper=optuna"


def search(
    plan: Plan, examples: Sequence[Job], composer: Composer, launcher: AnyLauncher
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
    configs = [each.config for each in examples]
    check(plan, configs)
    if any(each.dry_run for each in configs):
        try:
            _rehearse(plan, configs, composer, launcher)
        finally:
            launcher.close()
        return []
    prepared = prepare(examples, launcher.count_gpus)
    launcher.check_mxnet(configs[0])
    announce(prepared, configs, plan.announced())
    # Trials that are suggested later must not train what a user has edited meanwhile.
    prepared = replace(prepared, modules=_modules(prepared, plan.config))
    about = plan.about([each.digest for each in prepared.datasets.values()], prepared.modules)
    key = key_of(about)
    find = finder(plan, prepared, composer)
    settings = plan.config.search
    if settings.warm_start and not recorded_trials(settings, _name_of_study(plan, key), about):
        find()  # before there is a study: if nothing fits, none is left behind
    study = _open_study(plan, key, about)
    warm = study.begin_with(find)
    found = standing(plan, study)
    if found.trials and not prepared.tracker.runs_of_study(study.name):
        raise UserError(_without_record(study.name, found.trials, plan.config))
    is_complete = found.missing(plan.n_trials) == 0
    found.show(study.name, plan.n_trials)
    show_warm_start(plan, warm)

    def train(record: Record) -> Sequence[JobReturn]:
        plans = Plans(record)
        with explained_errors(prepared.tracker.uri):
            for dataset in prepared.datasets.values():
                record.log_dataset(dataset)
            plans.add(plan.n_trials)
        source = TrialJobs(plan, study, prepared, composer, record.run_id)
        try:
            steering = Steering(ControlFolder(prepared.locks.folder, record.run_id), record)
            with imported_meanwhile(launcher, draws=plan.config.figures):
                results = [] if is_complete else launcher.train(plan.config, [], source, steering)
        finally:
            _tidy_up(study, prepared, record)
        if source.error:
            raise source.error
        source.close()
        with suppress(UserError), explained_errors(prepared.tracker.uri):  # it is for who watches
            own = [run.run_id for run in prepared.tracker.runs_of(record.run_id)]
            if in_all := runs_in_all(plan, study, own):
                plans.correct(in_all)
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
        more_tags={STUDY: study.name, **tags(plan, warm)},
        how=[SWEEPER, *_own_overrides(plan.command)],
    )


def _modules(checked: Checked, config: Config) -> Path | None:
    """Return the folder with copies of the modules of all that is a user's, if there are any.

    Args:
        checked: what is known of the runs.
        config: of one of them, below whose folder of checkpoints the copies are.
    """
    tried = checked.networks.values()
    own: list[Network | Loss | OwnMetrics] = [each.network for each in tried]
    own += [each.loss for each in tried if each.loss]
    own += [each.metrics for each in tried if each.metrics]
    return all_modules(own, folder_of_copies(config))


def _rehearse(
    plan: Plan, configs: Sequence[Config], composer: Composer, launcher: AnyLauncher
) -> None:
    """Say what would be searched."""

    def count_missing(checked: Checked, elsewhere: Config, record: Reader) -> int:
        digests = [each.digest for each in checked.datasets.values()]
        about = plan.about(digests, _modules(checked, elsewhere))
        name = _name_of_study(plan, key_of(about))
        _check_rule(plan, about)
        found = recorded_standing(plan, name, about)
        if found.trials and not record.has_study(name):
            raise UserError(_without_record(name, found.trials, plan.config))
        found.show(name, plan.n_trials)
        if not found.trials:
            show_warm_start(plan, finder(plan, checked, composer)())
        return found.missing(plan.n_trials)

    launcher.check_mxnet(configs[0])
    rehearse_search(configs, launcher.count_gpus, launcher.at_once, plan.announced(), count_missing)


def _name_of_study(plan: Plan, key: str) -> str:
    config = plan.config
    return config.search.study or f"{config.tracking.experiment}-{key}"


def _check_rule(plan: Plan, about: Mapping[str, Any]) -> None:
    """Refuse to begin anew what was begun when its runs were stopped for good, and not paused."""
    before = as_before_pauses(about)
    if before and not plan.config.search.study:
        name = _name_of_study(plan, key_of(before))
        if is_of_older_version(plan.config.search, name):
            raise UserError(other_rule(name, about[RULE]))


def _open_study(plan: Plan, key: str, about: Mapping[str, Any]) -> Study:
    """Open the study of a search, or create it: it goes on if it searches the same."""
    config = plan.config
    _check_rule(plan, about)
    return Study(
        config.search,
        name=_name_of_study(plan, key),
        epochs=config.epochs,
        space=plan.space,
        directions=[_direction(each, config.metrics) for each in plan.objectives],
        about=about,
        measured=config.metrics,
    )


def _without_record(study: str, trials: int, config: Config) -> str:
    """Say that a study that is there already belongs to another record."""
    where = redacted(resolve_uri(config.tracking.uri))
    return (
        f"search.study={study}: has {count(trials, 'trial')}, and no run in experiment "
        f"{config.tracking.experiment} of {where}; allowed: the record that it was begun with, or "
        "another search.study"
    )


def _tidy_up(study: Study, prepared: Prepared, record: Record) -> None:
    """Close what was killed, and keep the ids of the runs that other sweeps have trained."""
    with short_timeouts(), suppress(UserError, OSError):  # or the next command will do it
        close_abandoned(prepared.tracker, prepared.locks)
        own = {run.run_id for run in prepared.tracker.runs_of(record.run_id)}
        if elsewhere := {*study.run_ids()} - own:
            with explained_errors(prepared.tracker.uri):
                record.log_found(elsewhere)


def _own_overrides(command: Sequence[str]) -> list[str]:
    """Return what was set of the search itself, without an address."""
    return [
        each
        for each in command
        if each.startswith("search.") and not each.startswith("search.storage=")
    ]


def _direction(objective: str, measured: Sequence[str]) -> Direction:
    return "maximize" if direction_of(objective, measured) == "max" else "minimize"


def _show_best(study: Study, plan: Plan) -> None:
    """Print the trials that no other is better than in all objectives, where there are several."""
    if len(plan.objectives) == 1:
        return
    show_lines(f"Best trade-offs of {' and '.join(plan.objectives)}:")
    for trial in sorted(study.best(), key=lambda each: each.values):
        values = zip(plan.objectives, trial.values, strict=True)
        told = ", ".join(f"{name} {value:.4f}" for name, value in values)
        varied = " ".join(plan.space.varied(trial.params))
        show_lines(f"  run {trial.number}: {told}  {varied}")
