"""Where Hydra finds the sweeper of ``hydra/sweeper=grid``. What it does is in sweep/sweeps.py."""

from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf

from sweep.config import parse, public
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
            jobs.append(Job(tuple(combination), _check(composed, combination)))
        return sweep(jobs, given, lambda batch: launcher.launch(batch, initial_job_idx=0))


def _check(composed: DictConfig, combination: list[str]) -> Config:
    own = OmegaConf.masked_copy(composed, [str(key) for key in composed if key != "hydra"])
    try:
        return parse(own)
    except UserError as error:
        raise UserError(f"{error}\n(in the combination {' '.join(public(combination))})") from error
