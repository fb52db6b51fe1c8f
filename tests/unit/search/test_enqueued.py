"""Values that are tried before any are suggested."""

import dataclasses
import functools

import pytest
from optuna.trial import TrialState

from sweep.config.compose import load
from sweep.config.ranges import parse_overrides
from sweep.errors import UserError
from sweep.search.dimensions import Condition
from sweep.search.enqueued import check_room, enqueued
from sweep.search.plan import Plan, check
from sweep.search.space import Space, space_of
from sweep.search.study import Study

GIVEN = (
    "model=mlp,lenet",
    "optim.lr=tag(log,interval(1e-3,1))",
    "model.hidden=[64],[128,64]",
    "batch_size=range(10,51,10)",
    "optim.momentum=range(0,1,0.1)",
)
LENET = Condition("model", ("lenet",))
_loaded = functools.cache(load)


def space():
    found = space_of(parse_overrides((*GIVEN, "model.pooling=max,avg")))
    return Space(
        tuple(
            dataclasses.replace(each, condition=LENET) if each.name == "model.pooling" else each
            for each in found.dimensions
        ),
        (),
    )


def settings(*values, **changes):
    return dataclasses.replace(_loaded().search, study="test", enqueue=values or None, **changes)


def test_values_are_as_optuna_suggests_them():
    given = settings(
        {"optim.lr": 1e-3, "model.hidden": [128, 64]},
        {"optim.momentum": 0.3, "batch_size": 50},
        {"optim.lr": 0.001, "model.hidden": [128, 64]},
        {"model": "lenet", "model.pooling": "avg"},
    )
    first, second, third = enqueued(given, space())
    assert first == {"optim.lr": 0.001, "model.hidden": "[128,64]"}
    assert second == {"optim.momentum": 0.30000000000000004, "batch_size": 50}
    assert space().varied(second) == ("batch_size=50", "optim.momentum=0.3")
    assert third == {"model": "lenet", "model.pooling": "avg"}
    assert enqueued(settings(), space()) == []


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"optim.lr": 1},
            "optim.lr=1 is outside of what is searched; allowed: tag(log,interval(1e-3,1))",
        ),
        (
            {"optim.lr": "much"},
            "optim.lr=much is outside of what is searched; allowed: tag(log,interval(1e-3,1))",
        ),
        (
            {"model.hidden": [64, 64]},
            "model.hidden=[64, 64] is outside of what is searched; allowed: [64],[128,64]",
        ),
        (
            {"batch_size": 15},
            "batch_size=15 is outside of what is searched; allowed: range(10,51,10)",
        ),
        (
            {"batch_size": True},
            "batch_size=true is outside of what is searched; allowed: range(10,51,10)",
        ),
        (
            {"optim.momentum": 0.35},
            "optim.momentum=0.35 is outside of what is searched; allowed: range(0,1,0.1)",
        ),
        (
            {"optim.lrr": 0.1},
            "optim.lrr=0.1 is not searched (did you mean optim.lr?); allowed: model, optim.lr, "
            "model.hidden, batch_size, optim.momentum, model.pooling",
        ),
        (
            {"model.pooling": "max"},
            "model.pooling=max is searched with model=lenet alone; allowed is to give that with it",
        ),
        (
            {"model": "mlp", "model.pooling": "max"},
            "model.pooling=max is searched with model=lenet alone; allowed is to give that with it",
        ),
    ],
)
def test_what_cannot_be_tried(values, message):
    with pytest.raises(UserError) as raised:
        enqueued(settings(values), space())
    assert str(raised.value) == f"search.enqueue: {message}"


def params(trials):
    return [each.params for each in trials]


def test_given_values_come_first_and_the_sampler_fills_in_the_rest():
    given = settings({"optim.lr": 0.1}, {"model": "lenet", "model.hidden": [64]})
    study = Study(given, "test", 9, space(), ["maximize"], {})
    first, second, third = (study.ask(3) for _ in range(3))
    assert first.params["optim.lr"] == 0.1
    assert (second.params["model"], second.params["model.hidden"]) == ("lenet", "[64]")
    names = {"model", "optim.lr", "model.hidden", "batch_size", "optim.momentum"}
    assert names <= {*first.params} and names <= {*second.params}
    assert "model.pooling" in second.params
    assert third.params["optim.lr"] != 0.1
    assert study.untried() == []


def test_a_study_that_goes_on_tries_what_is_new_once():
    suggested = []
    one, two = {"optim.lr": 0.1}, {"optim.lr": 0.2}
    for values in ([one], [one], [two, one]):
        study = Study(settings(*values), "test", 9, space(), ["maximize"], {})
        trial = study.ask(9)
        study.tell(trial.number, TrialState.COMPLETE, [0.5], "id")
        suggested.append(trial.params["optim.lr"])
    assert suggested[0] == 0.1
    assert suggested[1] not in (0.1, 0.2)
    assert suggested[2] == 0.2
    assert study.untried() == []


def test_a_study_is_the_same_with_other_values_to_try_first_and_as_before_without():
    def keys(*overrides):
        return Plan(space(), load(*overrides), GIVEN).about(["digest"])

    assert keys() == keys("search.enqueue=[{optim.lr: 0.1}]")
    assert not [key for key in keys() if "enqueue" in key]


def test_there_has_to_be_room_for_all():
    check_room([{"a": 1}], 1, 2)
    check_room([], 3, 2)
    with pytest.raises(UserError) as raised:
        check_room([{"a": 1}, {"a": 2}], 0, 1)
    assert str(raised.value) == (
        "search.n_trials=1: too few for search.enqueue, of which 2 runs are to be tried; allowed "
        "is 2 or more"
    )
    with pytest.raises(UserError) as raised:
        check_room([{"a": 1}], 20, 20)
    assert str(raised.value) == (
        "search.n_trials=20: too few for search.enqueue, of which 1 run is to be tried, after 20 "
        "trials of before; allowed is 21 or more"
    )


def refused(*overrides):
    searched = space_of(parse_overrides(["seed=range(0,9)"]))
    plan = Plan(searched, load(*overrides), ["seed=range(0,9)"])
    with pytest.raises(UserError) as raised:
        check(plan, [plan.config])
    return str(raised.value)


def test_a_grid_tries_all_anyway():
    assert refused("search.enqueue=[{seed: 3}]", "search.sampler=grid") == (
        "search.enqueue: search.sampler=grid tries all combinations, whatever is first; allowed: "
        "null, or another sampler"
    )


@pytest.mark.parametrize("given", ["[]", "[{}]", "[0.1]", "{optim.lr: 0.1}", "0.1"])
def test_it_is_a_list_of_values(given):
    with pytest.raises(UserError, match=r"^search\.enqueue=.*: allowed is null, or a list of val"):
        load(f"search.enqueue={given}")


def test_it_is_announced():
    plan = Plan(space(), load("search.enqueue=[{optim.lr: 0.1, model: lenet}]"), GIVEN)
    assert "  first: model=lenet optim.lr=0.1" in plan.announced()
