"""Lets Hydra find our launchers where its own plugins have some of the same names."""

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.config_store import ConfigStore
from hydra.plugins.search_path_plugin import SearchPathPlugin

NAMES = ("ray", "submitit_local", "submitit_slurm")


class OwnLaunchers(SearchPathPlugin):
    """Forgets what Hydra's plugins for Ray and submitit have registered, where they are installed.

    Hydra would check our files in ``conf/hydra/launcher/`` against it, and warn that it will not
    always do so. It calls this when it has loaded all plugins, before it composes.
    """

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Leave the path as it is."""
        launchers = ConfigStore.instance().repo.get("hydra", {}).get("launcher", {})
        for name in NAMES:
            launchers.pop(f"{name}.yaml", None)
