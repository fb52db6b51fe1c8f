"""What is typed besides overrides reaches Hydra as it takes it."""

from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra._internal.utils import get_args_parser
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from sweep.commands.flags import (
    asks_for_dry_run,
    folders_of_hydra,
    for_the_sweeper,
    last_value,
    with_overrides_for_flags,
)
from sweep.config.compose import CONF
from sweep.config.overrides import quoted
from sweep.config.own_sweepers import check_sweeper
from sweep.errors import UserError


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("--dry-run", "dry_run=true"),
        ("seed=1 -m --dry-run", "seed=1 dry_run=true -m"),
        ("--config-dir a --dry-run seed=1 epochs=2", "--config-dir a seed=1 epochs=2 dry_run=true"),
        ("seed=1 --multirun", "seed=1 --multirun"),
    ],
)
def test_a_flag_of_our_own_is_an_override(given, taken):
    assert with_overrides_for_flags(given.split()) == taken.split()


@pytest.mark.parametrize(
    ("given", "key", "value"),
    [
        ("sweep.from=my runs.csv", "hydra.sweeper.from", "my runs.csv"),
        ("sweep.where=model.name == 'mlp'", "hydra.sweeper.where", "model.name == 'mlp'"),
        ("z=zip(a=[1],b=['x'])", "hydra.sweeper.params.z", "z=zip(a=[1],b=['x'])"[2:]),
    ],
)
def test_what_makes_combinations_is_for_the_sweeper(given, key, value):
    taken, *others = for_the_sweeper([given, "seed=1", "-m"])
    parsed = OverridesParser.create().parse_override(taken)
    assert (parsed.key_or_group, parsed.value()) == (key, value)
    assert others == ["seed=1", "-m"]


@pytest.mark.parametrize("given", ["sweep.where=seed > 1", "z=zip(a=[1],b=[2])"])
def test_a_single_run_has_no_combinations(given):
    with pytest.raises(UserError) as error:
        for_the_sweeper([given])
    assert str(error.value) == f"{given}: is for sweeps; allowed is to add --multirun"


@pytest.mark.parametrize("sweeps", ["-m", "--multi", 'hydra.mode="MULTIRUN"', "++hydra.mode=2"])
def test_each_way_to_tell_hydra_to_sweep_is_known(sweeps):
    taken = for_the_sweeper(["sweep.where=seed > 1", sweeps])
    assert taken == ["hydra.sweeper.where='seed > 1'", sweeps]


@pytest.mark.parametrize(
    ("overrides", "asks"),
    [
        ("dry_run=True", True),
        ("++dry_run=true", True),
        ("dry_run=false dry_run=true", True),
        ("dry_run=true dry_run=false", False),
        ("z=zip(seed=[1,2],epochs=[3,4]) dry_run=true", True),
        ("dry_run=[", False),  # Hydra says what is wrong with it
        ("dry_run='true' seed=1", False),
        ("tracking.experiment=dry_run=true", False),
    ],
)
def test_a_dry_run_is_told_by_its_value(overrides, asks):
    assert asks_for_dry_run(overrides.split()) is asks


@pytest.mark.parametrize("beside", ["z=zip(seed=[1,2],epochs=[3,4])", "sweep.where=seed <= 0.5"])
def test_a_value_is_found_among_what_hydra_cannot_parse(beside):
    given = ["tracking.uri=sqlite:///a.db", "+tracking.uri='http://b:1'", beside]
    assert last_value("tracking.uri", given) == "http://b:1"
    assert last_value("tracking.experiment", given) is None


@pytest.mark.parametrize(
    "text",
    ["C:\\d\\", "model.name == 'it\\'s'", "${y}", "\\${y}'", "a\\b\\\\", "\\", "", "a, b]", '"'],
)
def test_what_is_quoted_is_read_back_as_it_was(text):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        composed = compose("config", [f"tracking.experiment={quoted(text)}"])
    assert composed.tracking.experiment == text


GRID = "allowed is hydra/sweeper=grid"
ALLOWED = f"{GRID} or hydra/sweeper=optuna"


@pytest.mark.parametrize("given", ["sweep.where=seed > 1", "z=zip(a=[1],b=[2])"])
def test_other_sweepers_do_not_know_our_combinations(given):
    with pytest.raises(UserError) as error:
        for_the_sweeper([given, "hydra/sweeper=basic", "-m"])
    assert str(error.value) == f"{given}: is not known to hydra/sweeper=basic; {GRID}"


def test_other_sweepers_have_no_dry_run():
    text = f"dry_run=true: other sweepers write a folder of their own; {ALLOWED}"
    with (
        pytest.raises(UserError) as error,
        folders_of_hydra(["hydra/sweeper=basic", "dry_run=true", "-m"]),
    ):
        pytest.fail("Hydra would write")
    assert str(error.value) == text


@pytest.mark.parametrize(
    ("composed", "text"),
    [
        (
            {"dry_run": True},
            f"dry_run=true: other sweepers write a folder of their own; {ALLOWED}",
        ),
        (
            {"hydra": {"sweeper": {"params": {"z": "zip(a=[1],b=[2])"}}}},
            f"z=zip(a=[1],b=[2]): is not known to hydra/sweeper=basic; {GRID}",
        ),
    ],
)
def test_other_sweepers_in_files_are_known_before_they_write(composed, text):
    basic = {"_target_": "hydra._internal.core_plugins.basic_sweeper.BasicSweeper", "params": None}
    choices = {"choices": {"hydra/sweeper": "basic"}}
    node = OmegaConf.create({"hydra": {"sweeper": basic, "runtime": choices}})
    check_sweeper(node)
    with pytest.raises(UserError) as error:
        check_sweeper(OmegaConf.merge(node, composed))
    assert str(error.value) == text


def test_hydra_leaves_nothing_behind_of_a_dry_run():
    with folders_of_hydra(["seed=1", "--config-dir", "a"]) as given:
        assert given == ["seed=1", "--config-dir", "a"]
    with folders_of_hydra(["dry_run=True", "--config-dir", "a"]) as given:
        overrides = get_args_parser().parse_args(given).overrides
        parsed = OverridesParser.create().parse_overrides(overrides)
        values = {each.key_or_group: each.value() for each in parsed}
        assert values["hydra.output_subdir"] is None
        assert Path(values["hydra.run.dir"]).is_dir()
    assert not Path(values["hydra.run.dir"]).exists()
