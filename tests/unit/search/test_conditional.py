"""Values that are searched with some choices of a group alone."""

import dataclasses
import functools

import pytest
from omegaconf import OmegaConf
from optuna.trial import TrialState

from sweep.config.compose import GROUPS, load
from sweep.config.ranges import parse_overrides
from sweep.errors import UserError
from sweep.search.conditional import with_conditions
from sweep.search.plan import Plan, check
from sweep.search.space import in_words, space_of
from sweep.search.study import Study

FIELDS = {
    "mlp": {"name": "mlp", "hidden": [8]},
    "lenet": {"name": "lenet", "hidden": [8], "channels": [6, 16], "pooling": "max"},
    "nin": {"name": "nin", "channels": [6, 16]},
    "custom": {"name": "custom", "_target_": None},
}
PRESETS = {"small": {"model": FIELDS["mlp"]}, "large": {"model": FIELDS["lenet"]}}
SEARCHED = ("model=mlp,lenet,nin", "model.channels=[6,16],[20,50]", "model.hidden=range(1,4)")


def composed(overrides):
    """Return what Hydra might compose of these."""
    config = {"model": FIELDS["mlp"], "optim": {"lr": 0.1}}
    for key, _, value in (each.partition("=") for each in overrides):
        if key == "model":
            config["model"] = FIELDS[value]
        elif key == "experiment":
            config |= PRESETS[value]
    return OmegaConf.create(config)


def space(*overrides):
    return with_conditions(space_of(parse_overrides(overrides)), GROUPS, composed)


def conditions(*overrides):
    return {
        each.name: each.condition and str(each.condition) for each in space(*overrides).dimensions
    }


def test_a_field_is_searched_with_the_choices_that_have_it():
    assert conditions(*SEARCHED, "optim.lr=0.1,0.2") == {
        "model": None,
        "model.channels": "model=lenet or nin",
        "model.hidden": "model=mlp or lenet",
        "optim.lr": None,
    }


def test_presets_choose_too():
    assert conditions("experiment=small,large", "model.pooling=max,avg") == {
        "experiment": None,
        "model.pooling": "experiment=large",
    }


def test_what_is_added_is_for_networks_of_ones_own():
    assert conditions("model=mlp,custom", "+model.width=1,2") == {
        "model": None,
        "model.width": "model=custom",
    }


@pytest.mark.parametrize(
    "given",
    [
        ("model=lenet", "model.channels=[6,16],[20,50]"),  # nothing to depend on
        ("model=mlp,lenet", "model.chanels=[6,16],[20,50]"),  # a typo, which composing tells
        ("model=lenet,nin", "model.channels=[6,16],[20,50]"),
    ],
)
def test_what_all_have_or_none_has_no_condition(given):
    assert set(conditions(*given).values()) == {None}


def test_runs_have_what_their_choice_has():
    found = space(*SEARCHED, "seed=7")
    assert found.overrides({"model": "mlp", "model.hidden": 2}) == (
        "seed=7",
        "model=mlp",
        "model.hidden=2",
    )
    assert found.varied({"model": "nin", "model.channels": "[6,16]"}) == (
        "model=nin",
        "model.channels=[6,16]",
    )
    assert found.examples(GROUPS) == [
        ("seed=7", "model=mlp", "model.hidden=1"),
        ("seed=7", "model=mlp", "model.hidden=3"),
        ("seed=7", "model=lenet", "model.channels=[6,16]", "model.hidden=1"),
        ("seed=7", "model=lenet", "model.channels=[20,50]", "model.hidden=1"),
        ("seed=7", "model=lenet", "model.channels=[6,16]", "model.hidden=3"),
        ("seed=7", "model=nin", "model.channels=[6,16]"),
        ("seed=7", "model=nin", "model.channels=[20,50]"),
    ]
    only = space("model=mlp,lenet", "model.pooling=max,avg")
    assert only.examples(GROUPS) == [
        ("model=mlp",),
        ("model=lenet", "model.pooling=max"),
        ("model=lenet", "model.pooling=avg"),
    ]


def test_a_condition_is_told_and_makes_another_study():
    found = space(*SEARCHED).describe()
    assert in_words(found["model.channels"]) == "[6,16] or [20,50] with model=lenet or nin"
    assert in_words(found["model.hidden"]) == "1 to 3 with model=mlp or lenet"
    assert found != space_of(parse_overrides(SEARCHED)).describe()


_loaded = functools.cache(load)


@pytest.mark.parametrize("sampler", ["tpe", "random", "cmaes", "gp"])
def test_each_sampler_suggests_what_a_choice_has(sampler):
    if sampler == "gp":
        pytest.importorskip("torch", reason="Optuna's Gaussian processes need torch")
    both = []
    for name in ("first", "second"):
        search = dataclasses.replace(
            _loaded().search, sampler=sampler, startup_trials=4, storage=f"sqlite:///{name}.db"
        )
        given = space(*SEARCHED, "optim.lr=tag(log,interval(1e-3,1))")
        suggested = []
        study = Study(search, "test", 9, given, ["maximize"], {})
        for _ in range(14):
            trial = study.ask(14)
            suggested.append(trial.params)
            value = len(trial.params.get("model.channels", "")) + trial.params["optim.lr"]
            study.tell(trial.number, TrialState.COMPLETE, [value], "id")
        both.append(suggested)
    assert both[0] == both[1]
    assert {each["model"]: {*each} - {"model", "optim.lr"} for each in both[0]} == {
        "mlp": {"model.hidden"},
        "lenet": {"model.channels", "model.hidden"},
        "nin": {"model.channels"},
    }


def test_a_grid_has_no_conditions():
    given = space(*SEARCHED)
    plan = Plan(given, load("search.sampler=grid"), SEARCHED)
    with pytest.raises(UserError) as raised:
        check(plan, [plan.config])
    assert str(raised.value) == (
        "model.channels=[6,16],[20,50]: is searched with model=lenet or nin alone, and "
        "search.sampler=grid tries all combinations; allowed: another sampler, or a search for "
        "each model"
    )


def test_it_is_announced():
    plan = Plan(space(*SEARCHED), load(), SEARCHED)
    assert plan.announced()[1:4] == [
        "  model: mlp,lenet,nin",
        "  model.channels: [6,16],[20,50], with model=lenet or nin alone",
        "  model.hidden: range(1,4), with model=mlp or lenet alone",
    ]
