"""Where Hydra's sweepers and launchers come in: what the command gave becomes jobs, and a sweep."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.utils import JobReturn

from sweep.config.overrides import describing
from sweep.errors import UserError
from sweep.execution.foreign import ForeignLauncher
from sweep.execution.launcher import LAUNCHERS, Launcher
from sweep.execution.worker import running_application
from sweep.sweeps.compose import Composer, cost_of


def launcher_of(name: str, plugin: BasicLauncher) -> Launcher:
    """Return our launcher of this name.

    Args:
        name: as in ``hydra/launcher=local``.
        plugin: through which Hydra uses it.

    Raises:
        UserError: there is none of this name.
    """
    assert plugin.config is not None and plugin.task_function and plugin.hydra_context
    application = running_application(plugin.task_function, plugin.hydra_context)
    return LAUNCHERS[name](plugin.config, application)


def used_launcher(sweeper: BasicSweeper) -> Launcher | ForeignLauncher:
    """Return the launcher that one of Hydra's sweepers was given."""
    assert sweeper.config is not None
    own: Launcher | None = getattr(sweeper.launcher, "own", None)
    return own or ForeignLauncher(sweeper.launcher, sweeper.config)


def composer_of(sweeper: BasicSweeper) -> Composer:
    """Return what composes the runs of one of Hydra's sweepers."""
    assert sweeper.hydra_context and sweeper.config is not None
    return Composer(sweeper.hydra_context.config_loader, sweeper.config)


def launch(
    launcher: Launcher, plugin: BasicLauncher, overrides: Sequence[Sequence[str]], first_number: int
) -> Sequence[JobReturn]:
    """Train what a sweeper of somebody else's asks for, with nothing recorded of the sweep.

    Args:
        launcher: ours.
        plugin: through which Hydra uses it.
        overrides: of each run.
        first_number: of the first run.
    """
    assert plugin.config is not None and plugin.hydra_context
    composer = Composer(plugin.hydra_context.config_loader, plugin.config)
    jobs = [composer.job(number, each) for number, each in enumerate(overrides, first_number)]
    jobs = [replace(job, cost=cost_of(job.config)) for job in jobs]
    return launcher.train(jobs[0].config, jobs)


def sweep_from(sweeper: BasicSweeper, given: Sequence[str]) -> Sequence[JobReturn]:
    """Compose and check all combinations of what was given, and train them.

    Args:
        sweeper: Hydra's.
        given: the command's overrides, and those of ``hydra.sweeper.params``.

    Raises:
        UserError: something is wrong; nothing was trained or recorded.
        RunFailed: some runs failed; they and the others are recorded.
    """
    composer, launcher = composer_of(sweeper), used_launcher(sweeper)
    combinations = _combinations(composer, given)
    jobs = []
    for number, overrides in enumerate(combinations):
        jobs.append(composer.job(number, overrides))
        if not number:  # what runs need is loaded while the rest is composed
            launcher.prepare(jobs[0].config)
    launcher.check([job.config for job in jobs])
    # It imports MLflow, which takes long: not before the fork server imports it too.
    from sweep.sweeps.grid import sweep
    from sweep.tracking import prepare_mlflow

    prepare_mlflow()

    return sweep(jobs, given, launcher)


def _combinations(composer: Composer, given: Sequence[str]) -> list[list[str]]:
    """Return the overrides of each combination.

    Raises:
        UserError: there are infinitely many, or none.
    """
    overrides = composer.parse(given)
    for each in overrides:
        if each.is_interval_sweep():
            raise UserError(
                f"{each.input_line}: has no end of values; allowed: a range, choices, or "
                "hydra/sweeper=optuna, which searches it"
            )
    batches: Any = BasicSweeper.split_arguments(overrides, max_batch_size=None)
    (combinations,) = batches
    if not combinations:
        raise UserError(f"{' '.join(describing(given))}: sweeps over no value at all")
    return list(combinations)
