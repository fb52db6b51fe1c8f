"""Our plugins in other applications of Hydra: nothing of theirs is lost, and nothing is loaded."""

import copy

import pytest
from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.errors import CompactHydraException
from hydra.types import HydraContext
from omegaconf import OmegaConf

from hydra_plugins.gluon_launcher import GluonLauncher
from hydra_plugins.gluon_sweeper import GridSweeper, OptunaSweeper
from sweep.config.compose import load
from sweep.config.own_launchers import own_launchers

OTHERS = ["basic", "joblib", "ray", "ray_aws", "submitit_local", "submitit_slurm"]


def registered():
    Plugins.instance()
    return ConfigStore.instance().repo["hydra"]["launcher"]


def test_our_launchers_hide_those_of_the_same_names_in_our_own_programs_alone():
    before = copy.copy(registered())
    with own_launchers():
        assert [each for each in OTHERS if f"{each}.yaml" in registered()] == [
            "basic",
            "joblib",
            "ray_aws",
        ]
    assert registered() == before
    with pytest.raises(KeyError), own_launchers():
        raise KeyError
    assert registered() == before


def test_who_only_reads_a_configuration_changes_no_launchers():
    before = copy.copy(registered())
    load("optim.lr=0.2")
    assert registered() == before


@pytest.mark.parametrize(
    ("plugin", "name"),
    [
        (GluonLauncher("local"), "hydra.launcher: GluonLauncher"),
        (GridSweeper(), "hydra.sweeper: GridSweeper"),
        (OptunaSweeper(), "hydra.sweeper: OptunaSweeper"),
    ],
)
def test_an_application_of_somebody_elses_is_told_what_our_plugins_are_for(plugin, name):
    theirs = OmegaConf.create(
        {
            "model": {"name": "gpt"},
            "hydra": {"runtime": {"config_sources": [{"path": "hydra.conf", "provider": "hydra"}]}},
        }
    )
    with pytest.raises(CompactHydraException) as raised:  # of which Hydra prints the text alone
        plugin.setup(hydra_context=HydraContext, task_function=print, config=theirs)
    assert str(raised.value) == (
        f"{name} is for the runs of gluon-sweep (python -m sweep) alone; allowed in this "
        "application are those of Hydra and of other packages, such as basic"
    )
