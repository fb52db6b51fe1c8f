"""Loaders that keep to the files as they were when a sweep began, even if they change later."""

import copy
import functools
from collections.abc import Mapping
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import CachingConfigRepository
from hydra.core.config_loader import ConfigLoader
from hydra.plugins.config_source import ConfigResult
from omegaconf import DictConfig


class FrozenConfigLoader(ConfigLoaderImpl):
    """Gives launchers what was composed for each job before the first one began.

    They would compose it when the job's turn comes, from files that may have changed since.
    """

    def __init__(self, loader: ConfigLoader, composed: Mapping[tuple[str, ...], DictConfig]):
        """Take the loader of all other configurations, and the jobs' by their overrides."""
        super().__init__(loader.get_search_path())
        self._composed = composed

    def load_sweep_config(
        self, master_config: DictConfig, sweep_overrides: list[str]
    ) -> DictConfig:
        """Return a job's configuration; Hydra numbers it."""
        return copy.deepcopy(self._composed[tuple(sweep_overrides)])


class FrozenFilesLoader(ConfigLoaderImpl):
    """Composes from files as they were when they were first read."""

    def __init__(self, loader: ConfigLoader):
        """Take the loader whose files these are."""
        super().__init__(loader.get_search_path())
        self.repository: Any = _FrozenFiles(self.repository)


class _FrozenFiles(CachingConfigRepository):
    """Files that are read once, where Hydra reads them for each configuration that it composes."""

    def load_config(self, config_path: str) -> ConfigResult | None:
        return copy.deepcopy(super().load_config(config_path))

    @functools.cache  # noqa: B019 - there is one for a sweep
    def group_exists(self, config_path: str) -> bool:
        return bool(super().group_exists(config_path))

    @functools.cache  # noqa: B019
    def config_exists(self, config_path: str) -> bool:
        return bool(super().config_exists(config_path))

    def __deepcopy__(self, memo: dict[int, Any]) -> "_FrozenFiles":
        return self  # Hydra copies it each time, to keep what it reads for that time alone
