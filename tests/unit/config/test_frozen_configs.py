"""What other launchers train is what was checked, whatever has become of the files since."""

import pytest
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_automatic_config_search_path
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import OmegaConf

from sweep.config.compose import CONF
from sweep.config.loaders import FrozenConfigLoader


@pytest.fixture
def loader():
    path = create_automatic_config_search_path(None, None, str(CONF))
    composed = {("a=1",): OmegaConf.create({"a": 1, "b": {"c": [2]}})}
    return FrozenConfigLoader(ConfigLoaderImpl(path), composed)


def test_a_job_is_given_a_copy_of_what_was_composed(loader):
    first = loader.load_sweep_config(OmegaConf.create(), ["a=1"])
    first.b.c.append(3)  # as Hydra numbers it
    assert loader.load_sweep_config(OmegaConf.create(), ["a=1"]) == {"a": 1, "b": {"c": [2]}}


def test_what_was_not_composed_is_not_composed_now(loader):
    with pytest.raises(KeyError):
        loader.load_sweep_config(OmegaConf.create(), ["a=2"])


def test_all_else_is_loaded_as_ever(loader):
    found = loader.load_configuration("config", ["optim.lr=0.3"], RunMode.RUN)
    assert (found.optim.lr, found.model.name) == (0.3, "mlp")
    assert OverridesParser.create(config_loader=loader).parse_override("a=1").key_or_group == "a"
    with pytest.raises(HydraException):
        loader.load_configuration("config", ["optim.nothing=0.3"], RunMode.RUN)
