"""Lets our launchers have names that Hydra's own plugins have registered, too."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins

from sweep.config.compose import CONF


@contextmanager
def own_launchers() -> Iterator[None]:
    """Let ``hydra/launcher=ray`` be ours meanwhile: for our own programs alone.

    Hydra would check ``conf/hydra/launcher/ray.yaml`` against what its plugin for Ray has
    registered under this name. That is the plugin's for all other applications, and it is there
    again afterwards.
    """
    Plugins.instance()  # which registers it, when it is called first
    registered: dict[str, Any] = ConfigStore.instance().repo["hydra"]["launcher"]
    names = [each.name for each in (CONF / "hydra" / "launcher").glob("*.yaml")]
    hidden = {name: registered.pop(name) for name in names if name in registered}
    try:
        yield
    finally:
        registered.update(hidden)
