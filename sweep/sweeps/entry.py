"""Where Hydra's sweepers and launchers come in: what the command gave becomes jobs, and a sweep."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.utils import JobReturn
from hydra.errors import CompactHydraException
from hydra.types import TaskFunction
from omegaconf import DictConfig

from sweep.config.compose import CONF
from sweep.config.fields import declared
from sweep.config.own_sweepers import NO_DRY_RUN
from sweep.config.schema import Config
from sweep.display.console import count
from sweep.display.plan import show_notes
from sweep.errors import UserError
from sweep.execution.foreign import AnyLauncher, ForeignLauncher
from sweep.execution.job import Job
from sweep.execution.launcher import LAUNCHERS, Launcher
from sweep.execution.worker import running_application
from sweep.files import obstacle
from sweep.progress import tell
from sweep.sweeps.auto_seed import SeedChoice, check_auto, with_first_seed
from sweep.sweeps.combinations import Source, combinations_of
from sweep.sweeps.compose import Composer, cost_of
from sweep.sweeps.presets import chosen_sweeper, says_the_same
from sweep.sweeps.settings import OF_SEEDS, unused_settings


def check_application(composed: DictConfig, plugin: str) -> None:
    """Check that what Hydra composed is a configuration of our runs.

    Args:
        composed: the whole of it.
        plugin: of ours, which was chosen for it, as in ``hydra.launcher: GluonLauncher``.

    Raises:
        CompactHydraException: it is another application's, for which Hydra then prints the text.
    """
    sources = [each.path for each in composed.hydra.runtime.config_sources]
    if str(CONF) not in sources and not {*declared(Config)} <= {*composed}:
        raise CompactHydraException(
            f"{plugin} is for the runs of gluon-sweep (python -m sweep) alone; allowed in this "
            "application are those of Hydra and of other packages, such as basic"
        )


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


def used_launcher(sweeper: BasicSweeper) -> AnyLauncher:
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

    Raises:
        UserError: nothing is to be written.
    """
    assert plugin.config is not None and plugin.hydra_context
    composer = Composer(plugin.hydra_context.config_loader, plugin.config)
    jobs = [composer.job(number, each) for number, each in enumerate(overrides, first_number)]
    if jobs[0].config.dry_run:
        raise UserError(NO_DRY_RUN)
    jobs = [replace(job, cost=cost_of(job.config)) for job in jobs]
    return launcher.train(jobs[0].config, jobs)


def sweep_from(
    sweeper: BasicSweeper, task: TaskFunction, given: Sequence[str], source: Source
) -> Sequence[JobReturn]:
    """Compose and check all combinations of what was given, and train them.

    Args:
        sweeper: Hydra's.
        task: trains a run.
        given: the command's overrides, and those of ``hydra.sweeper.params``.
        source: of combinations besides those.

    Raises:
        UserError: something is wrong; nothing was trained or recorded.
        RunFailed: some runs failed; they and the others are recorded.
    """
    assert sweeper.config is not None
    composer, launcher = composer_of(sweeper), used_launcher(sweeper)
    given = [*given, *source.overrides()]
    check_auto(given)
    numbered, first_seed = with_first_seed(given)
    if first_seed:
        launcher.check_source()
    combinations = combinations_of(composer, numbered, source.rows())
    tell(f"Composing {count(len(combinations), 'combination')} ...")
    combinations = source.kept(combinations, composer)
    jobs = []
    for number, overrides in enumerate(combinations):
        jobs.append(composer.job(number, overrides))
        if not number and says_the_same(sweeper.config, jobs[0].composed):
            # What runs need is loaded while the rest is composed.
            launcher.prepare(jobs[0].config)
    if begin_as_chosen := chosen_sweeper(sweeper, task, composer.one_of_each(jobs)):
        return begin_as_chosen()
    launcher.check([job.config for job in jobs])
    check_folder(sweeper)
    if first_seed:
        seeds = SeedChoice(composer, first_seed, len(jobs))
        return _until_decided(jobs, seeds, given, launcher)
    show_notes(unused_settings(given))
    if any(job.config.dry_run for job in jobs):
        return _rehearsed(jobs, launcher)
    # It imports MLflow, which takes long: not before the fork server imports it too.
    from sweep.sweeps.added import Grid
    from sweep.sweeps.grid import sweep
    from sweep.tracking import prepare_mlflow

    prepare_mlflow()

    return sweep(jobs, given, launcher, Grid(composer, given, source))


def _until_decided(
    rows: Sequence[Job], seeds: SeedChoice, given: Sequence[str], launcher: AnyLauncher
) -> Sequence[JobReturn]:
    """Train rows with as many seeds as it takes, or say what would be trained.

    Args:
        rows: with the first seed.
        seeds: makes the others.
        given: the command's overrides, and those of ``hydra.sweeper.params``.
        launcher: trains them.
    """
    # They import MLflow, as sweep_from says.
    from sweep.sweeps.until_decided import announce, first_runs, sweep_until_decided
    from sweep.tracking import prepare_mlflow

    prepare_mlflow()

    announce(rows)
    show_notes(unused_settings(given, OF_SEEDS))
    if any(job.config.dry_run for job in rows):
        return _rehearsed(first_runs(rows, seeds), launcher)
    return sweep_until_decided(rows, seeds, given, launcher)


def _rehearsed(jobs: Sequence[Job], launcher: AnyLauncher) -> Sequence[JobReturn]:
    """Say what would be trained; return what became of what was not launched."""
    from sweep.sweeps.dry_run import rehearse  # it imports MLflow
    from sweep.tracking import prepare_mlflow

    prepare_mlflow()
    configs = [job.config for job in jobs]
    try:
        launcher.check_mxnet(configs[0])
        rehearse(configs, launcher.count_gpus, launcher.at_once)
    finally:
        launcher.close()
    return []


def check_folder(sweeper: BasicSweeper) -> None:
    """Check that the logs of runs can be written.

    Raises:
        UserError: they cannot.
    """
    assert sweeper.config is not None
    folder = sweeper.config.hydra.sweep.dir
    if why := obstacle(Path(folder)):
        raise UserError(
            f"hydra.sweep.dir={folder}: cannot be written ({why}); allowed is a folder that can"
        )
