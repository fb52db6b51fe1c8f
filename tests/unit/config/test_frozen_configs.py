"""What other launchers train is what was checked, whatever has become of the files since."""

import pytest
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_automatic_config_search_path
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import OmegaConf
from workplace import Workplace

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


@pytest.mark.parametrize("launcher", ["basic", "local"])
def test_a_file_that_changes_while_a_sweep_trains_changes_nothing(tmp_path, launcher):
    preset = tmp_path / "conf" / "optim" / "mine.yaml"
    preset.parent.mkdir(parents=True)
    preset.write_text("defaults: [sgd]\nlr: 0.1\n")
    workplace = Workplace(tmp_path)
    options = ("--config-dir=conf", "optim=mine", "model.hidden=[8]", "epochs=2", "n_jobs=1")
    first = {"basic": "optim=mine", "local": "run 0"}[launcher]
    code, _, errors = workplace.watch(
        *(*options, "seed=1,2,3", f"hydra/launcher={launcher}", "--multirun"),
        until=[first],
        act=lambda process: preset.write_text("defaults: [sgd]\nlr: wrong\n"),
    )
    assert (code, errors) == (0, "")
    _, runs = workplace.runs("sweep")
    assert [run.data.params["optim.lr"] for run in runs] == ["0.1"] * 3
