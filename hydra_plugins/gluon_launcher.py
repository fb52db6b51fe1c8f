"""Where Hydra finds our launchers. What they do is in ``sweep/execution/``.

Hydra imports this module in each of its applications, whatever they are; so nothing of ours is
imported before it is used.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra.core.utils import JobReturn

if TYPE_CHECKING:
    from sweep.execution.launcher import Launcher


class GluonLauncher(BasicLauncher):
    """Any of our launchers."""

    def __init__(self, engine: str, **settings: Any) -> None:
        """Take the launcher's name, ``engine`` in its file, and settings that it reads itself."""
        super().__init__()
        self._engine = engine

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
