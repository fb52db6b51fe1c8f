"""Samplers and pruners by name, also from outside of the package."""

import pytest
from optuna.samplers import RandomSampler

from sweep.config.compose import load
from sweep.config.ranges import parse_overrides
from sweep.errors import UserError
from sweep.search.choices import PRUNERS, SAMPLERS, Sampler
from sweep.search.plan import Plan, check
from sweep.search.space import space_of


def plan(*overrides):
    space = space_of(parse_overrides(["optim.lr=interval(0.1,1)"]))
    return Plan(space, load(*overrides), ["optim.lr=interval(0.1,1)"])


def refused(*overrides):
    """Return what is said of a search with these settings."""
    given = plan(*overrides)
    with pytest.raises(UserError) as raised:
        check(given, [given.config])
    return str(raised.value)


def test_what_there_is():
    assert SAMPLERS.names() == ["cmaes", "gp", "grid", "random", "tpe"]
    assert PRUNERS.names() == ["asha", "hyperband", "median", "stop_asha", "stop_hyperband"]


def test_what_there_is_not():
    message = refused("search.sampler=tpee")
    assert message.startswith("search.sampler=tpee (did you mean tpe?): allowed is cmaes, gp, ")
    assert refused("search.pruner=no").startswith("search.pruner=no")


def test_what_a_sampler_needs_is_registered_with_it(monkeypatch):
    mine = Sampler(
        lambda search, space, seed: RandomSampler(seed=seed),
        several_objectives=False,
        tries_all=True,
    )
    monkeypatch.setitem(SAMPLERS._choices, "mine", mine)
    assert "search.sampler=mine tries all" in refused("search.sampler=mine")
    objectives = "search.objectives=[val/accuracy,epoch_seconds]"
    assert refused("search.sampler=mine", objectives).startswith(
        "search.sampler=mine: has one objective; allowed with more: "
    )
