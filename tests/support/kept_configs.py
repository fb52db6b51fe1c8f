"""Composing, which takes most of the time of many tests, done once for the same choices."""

import copy

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from sweep.config import compose as composing

OWN = composing.CONF
NEVER_EDITED = (str(OWN), "hydra.conf")  # our own files, and Hydra's


def keep():
    """Let this process read a file once, and compose the same configuration once."""
    read_once()
    composing.compose = once(values_after_choices(once(composing.compose)))


def read_once():
    """Let this process, and what it forks, read once those files that nobody edits meanwhile."""
    Plugins.instance()  # it loads the classes below anew, on Pythons before 3.12
    from hydra._internal.core_plugins.file_config_source import FileConfigSource
    from hydra._internal.core_plugins.importlib_resources_config_source import (
        ImportlibResourcesConfigSource,
    )

    for source in (FileConfigSource, ImportlibResourcesConfigSource):
        source.load_config = reading_once(source.load_config)


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


def values_after_choices(compose):
    """Set values as Hydra does, in a copy of what was composed of the files that are chosen.

    What cannot be chosen is composed by Hydra alone, which says why.
    """
    parser = OverridesParser.create()

    def composed(name, overrides):
        if composing.CONF != OWN:
            return compose(name, overrides)
        values = [each for each in parser.parse_overrides(overrides) if is_value(each)]
        lines = [each.input_line for each in values]
        try:
            chosen = compose(name, [each for each in overrides if each not in lines])
        except (HydraException, OmegaConfBaseException):
            return compose(name, overrides)
        found = copy.deepcopy(chosen)
        ConfigLoaderImpl._apply_overrides_to_config(values, found)
        return found

    return composed


def is_value(override):
    """Tell what Hydra sets after all files were read from what chooses a file, or is its own."""
    key = override.key_or_group
    is_own = key.partition(".")[0].partition("/")[0] == "hydra"
    return not (is_own or override.is_sweep_override() or (OWN / key).is_dir())
