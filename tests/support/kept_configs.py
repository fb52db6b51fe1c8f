"""Composing, which takes most of the time of many tests, done once for the same overrides."""

import copy

from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra._internal.core_plugins.importlib_resources_config_source import (
    ImportlibResourcesConfigSource,
)

from sweep.config import compose as composing

NEVER_EDITED = (str(composing.CONF), "hydra.conf")  # our own files, and Hydra's


def keep():
    """Let this process read a file once, and compose the same configuration once."""
    for source in (FileConfigSource, ImportlibResourcesConfigSource):
        source.load_config = reading_once(source.load_config)
    composing.compose = once(composing.compose)


def reading_once(read):
    """Hydra takes its list of defaults out of what was read, so that each gets a copy."""
    found = {}

    def load_config(source, config_path):
        if source.path not in NEVER_EDITED:
            return read(source, config_path)
        key = source.path, config_path
        if key not in found:
            found[key] = read(source, config_path)
        return copy.deepcopy(found[key])

    return load_config


def once(compose):
    """What is composed is only read, and what it has of the environment is looked up each time."""
    found = {}

    def composed(name, overrides):
        key = composing.CONF, name, *overrides
        if key not in found:
            found[key] = compose(name, overrides)
        return found[key]

    return composed
