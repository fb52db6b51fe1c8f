"""Where Hydra finds the sweeper of ``hydra/sweeper=grid``. What it does is in sweep/sweeps.py."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig

from hydra_plugins.gluon_launcher import LocalLauncher
from sweep import workers
from sweep.config import own_part, parse, public
from sweep.errors import UserError
from sweep.schema import Config
from sweep.sweeps import Job, sweep


class GridSweeper(BasicSweeper):
    """Hydra's own sweeper over all combinations, with everything checked before the first run."""

    def __init__(self, params: dict[str, str] | None = None) -> None:
        """Take what ``hydra.sweeper.params`` sweeps over, besides the command's overrides."""
        super().__init__(max_batch_size=None, params=params)

    def sweep(self, arguments: list[str]) -> Any:
        """Expand the arguments into combinations, compose and check each, and train them all."""
        assert self.hydra_context and self.config is not None and self.launcher
        loader, launcher = self.hydra_context.config_loader, self.launcher
        given = [*self._parse_config(), *arguments]
        overrides = OverridesParser.create(config_loader=loader).parse_overrides(given)
        (combinations,) = self.split_arguments(overrides, max_batch_size=None)
        if not combinations:
            raise UserError(f"{' '.join(public(given))}: sweeps over no value at all")
        jobs = []
        for combination in combinations:
            composed = loader.load_sweep_config(self.config, combination)
            config = _check(composed, combination)
            # What runs need is loaded while the rest is composed.
            workers.start_server(config.threads_per_run)
            jobs.append(Job(tuple(combination), composed, config))
        if not isinstance(launcher, LocalLauncher):
            _check_threads([job.config for job in jobs])
        return sweep(jobs, given, partial(_launch, launcher))


def _launch(launcher: Launcher, jobs: Sequence[Job], sweep_id: str) -> Sequence[JobReturn]:
    """Train the jobs; each learns by its configuration which sweep it belongs to."""
    if isinstance(launcher, LocalLauncher):
        for job in jobs:
            job.composed.tracking.sweep_id = sweep_id
        return launcher.launch_composed([job.composed for job in jobs], 0)
    below = f"tracking.sweep_id={sweep_id}"
    return launcher.launch([[*job.overrides, below] for job in jobs], initial_job_idx=0)


def _check(composed: DictConfig, combination: list[str]) -> Config:
    try:
        return parse(own_part(composed))
    except UserError as error:
        raise UserError(f"{error}\n(in the combination {' '.join(public(combination))})") from error


def _check_threads(configs: Sequence[Config]) -> None:
    """Check what needs a fresh process for each run, which other launchers do not give it."""
    given = dict.fromkeys(str(config.threads_per_run) for config in configs)
    if len(given) > 1:
        raise UserError(
            f"threads_per_run={','.join(given)}: can be swept over with hydra/launcher=local alone;"
            " others train several runs in one process, in which MXNet's threads cannot change"
        )
