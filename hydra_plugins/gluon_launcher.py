"""Where Hydra finds our launchers. What they do is in ``sweep/execution/``.

Hydra imports this module in each of its applications, whatever they are; so nothing of ours is
imported before it is used.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra.core.utils import JobReturn
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

if TYPE_CHECKING:
    from sweep.execution.launcher import Launcher


class GluonLauncher(BasicLauncher):
    """Any of our launchers."""

    def __init__(self, engine: str, **settings: Any) -> None:
        """Take the launcher's name, ``engine`` in its file, and settings that it reads itself."""
        super().__init__()
        self._engine = engine

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Take whose jobs these are, if they are runs of ours."""
        from sweep.config.own_sweepers import check_sweeper
        from sweep.sweeps.entry import check_application

        check_application(config, f"hydra.launcher: {type(self).__name__}")
        check_sweeper(config)
        super().setup(hydra_context=hydra_context, task_function=task_function, config=config)

    @cached_property
    def own(self) -> "Launcher":
        """The launcher of this name."""
        from sweep.sweeps.entry import launcher_of

        return launcher_of(self._engine, self)

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        """Compose runs, and train them all."""
        from sweep.sweeps.entry import launch

        return launch(self.own, self, job_overrides, initial_job_idx)
