"""Lets Hydra find our launchers where its own plugins have some of the same names."""

from pathlib import Path

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.config_store import ConfigStore
from hydra.plugins.search_path_plugin import SearchPathPlugin

OURS = "hydra_plugins.gluon_launcher."


class OwnLaunchers(SearchPathPlugin):
    """Forgets what Hydra's plugins for Ray and submitit have registered, in our application alone.

    Hydra would check our files in ``conf/hydra/launcher/`` against it, and warn that it will not
    always do so. It calls this when it has loaded all plugins, before it composes.
    """

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Leave the path as it is; other applications have no such files, and keep all."""
        launchers = ConfigStore.instance().repo.get("hydra", {}).get("launcher", {})
        for each in search_path.get_path():
            if each.provider == "main" and each.path:
                folder = Path(each.path.removeprefix("file://"), "hydra", "launcher")
                for file in folder.glob("*.yaml"):
                    if OURS in file.read_text():
                        launchers.pop(file.name, None)
