"""Where Hydra finds the sweepers of ``hydra/sweeper=grid`` and ``hydra/sweeper=optuna``.

What they do is in ``sweep/sweeps/`` and ``sweep/search/``. Hydra imports this module in each of its
applications, whatever they are; so nothing of ours is imported before it is used.
"""

from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class _OwnSweeper(BasicSweeper):
    """What our sweepers have in common."""

    def __init__(self, params: dict[str, str] | None = None, **source: str | None) -> None:
        """Take what ``hydra.sweeper`` has, besides the command's overrides.

        Args:
            params: overrides, by their keys.
            source: ``from``, a file with combinations, and ``where``, which of them count.
        """
        super().__init__(max_batch_size=None, params=params)
        self.source = source

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Take whose runs are to be swept, if they are ours."""
        from sweep.sweeps.entry import check_application

        check_application(config, f"hydra.sweeper: {type(self).__name__}")
        self.task = task_function
        super().setup(hydra_context=hydra_context, task_function=task_function, config=config)


class GridSweeper(_OwnSweeper):
    """Trains all combinations of values."""

    def sweep(self, arguments: list[str]) -> Any:
        """Expand the arguments into combinations, compose and check each, and train them all."""
        from sweep.sweeps.combinations import Source
        from sweep.sweeps.entry import sweep_from

        source = Source(self.source.get("from"), self.source.get("where"))
        return sweep_from(self, self.task, [*self._parse_config(), *arguments], source)


class OptunaSweeper(_OwnSweeper):
    """Trains what Optuna suggests, each run from what became of those before."""

    def sweep(self, arguments: list[str]) -> Any:
        """Compose and check the ends of what is searched, and search."""
        from sweep.search.entry import search_from
        from sweep.sweeps.combinations import Source

        given = [*self._parse_config(), *arguments]
        Source(self.source.get("from"), self.source.get("where")).refuse(given)
        return search_from(self, self.task, given)
