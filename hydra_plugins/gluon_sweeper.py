"""Where Hydra finds the sweepers of ``hydra/sweeper=grid`` and ``hydra/sweeper=optuna``.

What they do is in ``sweep/sweeps/`` and ``sweep/search/``. Hydra imports this module in each of its
applications, whatever they are; so nothing of ours is imported before it is used.
"""

from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper


class GridSweeper(BasicSweeper):
    """Trains all combinations of values."""

    def __init__(self, params: dict[str, str] | None = None) -> None:
        """Take what ``hydra.sweeper.params`` sweeps over, besides the command's overrides."""
        super().__init__(max_batch_size=None, params=params)

    def sweep(self, arguments: list[str]) -> Any:
        """Expand the arguments into combinations, compose and check each, and train them all."""
        from sweep.sweeps.entry import sweep_from

        return sweep_from(self, [*self._parse_config(), *arguments])


class OptunaSweeper(BasicSweeper):
    """Trains what Optuna suggests, each run from what became of those before."""

    def __init__(self, params: dict[str, str] | None = None) -> None:
        """Take what ``hydra.sweeper.params`` searches, besides the command's overrides."""
        super().__init__(max_batch_size=None, params=params)

    def sweep(self, arguments: list[str]) -> Any:
        """Compose and check the ends of what is searched, and search."""
        from sweep.search.entry import search_from

        return search_from(self, [*self._parse_config(), *arguments])
