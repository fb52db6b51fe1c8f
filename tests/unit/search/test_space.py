"""What is searched: distributions with the ends that Hydra documents."""

import itertools
import json
import math

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import create_trial

from sweep.config.compose import GROUPS, load
from sweep.config.ranges import parse_overrides
from sweep.errors import UserError
from sweep.search.space import space_of

BELOW_1 = math.nextafter(1, 0)


def space(*overrides):
    return space_of(parse_overrides(overrides))


def dimension(text):
    (found,) = space(text).dimensions
    return found


@pytest.mark.parametrize(
    ("text", "distribution"),
    [
        ("a=interval(0,1)", FloatDistribution(0, BELOW_1)),
        ("a=tag(log,interval(1e-3,1))", FloatDistribution(1e-3, BELOW_1, log=True)),
        ("a=int(interval(1,8))", IntDistribution(1, 7)),
        ("a=tag(log,int(interval(1,8)))", IntDistribution(1, 7, log=True)),
        ("a=range(0,3)", IntDistribution(0, 2)),
        ("a=range(4)", IntDistribution(0, 3)),
        ("a=range(0,10,4)", IntDistribution(0, 8, step=4)),
        ("a=range(3,0,-1)", IntDistribution(1, 3)),
        ("a=range(0,1,0.25)", FloatDistribution(0, 0.75, step=0.25)),
        ("a=tag(log,range(1,100))", IntDistribution(1, 99, log=True)),
        ("a=tanh,relu", CategoricalDistribution(("tanh", "relu"))),
        ("a=choice(50,100,50)", CategoricalDistribution(("50", "100"))),
        ("a=choice([128,64],[256])", CategoricalDistribution(("[128,64]", "[256]"))),
    ],
)
def test_a_sweep_is_a_distribution_without_its_end(text, distribution):
    assert dimension(text).distribution == distribution
    assert dimension(text).text == text.partition("=")[2]


@pytest.mark.parametrize(
    ("text", "value", "override"),
    [
        ("a=interval(0,1)", 0.1, "a=0.1"),
        ("a=interval(0,1)", 1e-07, "a=1e-07"),
        ("a=range(0,3)", 2, "a=2"),
        ("a=range(0,1,0.1)", 0.30000000000000004, "a=0.3"),
        ("a=range(1,0,-0.25)", 0.25, "a=0.25"),
        ("a=choice([128,64],[256])", "[128,64]", "a=[128,64]"),
        ("+a=interval(0,1)", 0.5, "+a=0.5"),
    ],
)
def test_a_suggested_value_is_overridden_as_hydra_writes_it(text, value, override):
    assert dimension(text).override(value) == override


@pytest.mark.parametrize(
    ("text", "override"),
    [
        ("a=interval(0,1)", "a=0.5"),
        ("a=tag(log,interval(1e-4,1e-2))", "a=0.001"),
        ("a=tag(log,interval(1e-3,1))", "a=0.0316"),
        ("a=interval(0.5,0.5002)", "a=0.5"),
        ("a=interval(0.50001,0.50003)", "a=0.5000199999999999"),
        ("a=int(interval(1,8))", "a=4"),
        ("a=tag(log,int(interval(1,101)))", "a=10"),
        ("a=range(0,5)", "a=2"),
        ("a=range(0,10,4)", "a=4"),
        ("a=range(0,0.35,0.1)", "a=0.1"),
        ("a=tag(log,range(4,26))", "a=10"),
        ("a=tanh,relu,sigmoid", "a=tanh"),
    ],
)
def test_the_middle_is_that_of_the_scale_and_the_first_of_choices(text, override):
    found = dimension(text)
    create_trial(value=0, params={"a": found.middle}, distributions={"a": found.distribution})
    assert found.override(found.middle) == override


def test_a_float_range_gives_the_values_of_a_grid():
    found = dimension("a=range(0,1,0.1)")
    low, step = found.distribution.low, found.distribution.step
    assert [found.override(low + number * step) for number in range(10)] == [
        f"a={value}" for value in found.values
    ]


@pytest.mark.parametrize(
    "text",
    [
        "range(0,0.35,0.1)",
        "range(0.1,0.8,0.1)",
        "range(0,1,0.05)",
        "range(-1.05,0.2,0.35)",
        "range(1,0,-0.1)",
        "range(1e-7,9e-7,1e-7)",
        "range(1,20,3)",
    ],
)
def test_each_value_of_a_range_is_one_that_optuna_takes(text):
    """Though 0 + 3 * 0.1 is a hair more than 0.3, and 0.1 + 2 * 0.1, too."""
    found = dimension(f"a={text}")
    assert isinstance(found.values, tuple)
    suggested = [found.suggested(json.loads(each)) for each in found.values]
    assert [found.override(each) for each in suggested] == [f"a={each}" for each in found.values]
    for each in suggested:
        create_trial(value=0.0, params={"a": each}, distributions={"a": found.distribution})
    between = [(one + other) / 2 for one, other in itertools.pairwise(suggested)]
    assert {found.suggested(each) for each in between} == {None}


def test_what_is_fixed_stays_and_the_last_of_a_key_counts():
    found = space("lr=1,2", "epochs=3", "lr=interval(0,1)", "seed=7")
    assert found.fixed == ("epochs=3", "seed=7")
    assert found.overrides({"lr": 0.5}) == ("epochs=3", "seed=7", "lr=0.5")
    assert found.size() == math.inf
    assert space("a=1,2", "b=range(0,3)").size() == 6


def test_examples_are_the_ends_for_each_choice_of_a_group():
    found = space("model=mlp,lenet", "lr=interval(0,1)", "epochs=3")
    assert found.examples(["model"]) == [
        ("epochs=3", f"model={model}", f"lr={lr}")
        for model in ("mlp", "lenet")
        for lr in (0.0, BELOW_1)
    ]
    assert space("model=mlp,lenet").examples(["model"]) == [("model=mlp",), ("model=lenet",)]


def test_optimisers_and_schedules_are_groups_with_examples_for_each():
    given = ("optim=nag,adamw", "schedule=constant,cosine", "optim.lr=tag(log,interval(0.01,1))")
    found = space(*given).examples(GROUPS)
    assert len(found) == len(set(found)) == 2 * 2 * 2
    for each in found:
        config = load(*each)
        assert f"optim={config.optim.name}" in each
        assert f"schedule={config.schedule.name}" in each
        assert config.optim.lr in (0.01, BELOW_1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a=interval(1,1e-3)",
            "a=interval(1,1e-3): its ends are the wrong way round; allowed: interval(0.001,1)",
        ),
        (
            "a=interval(1,1)",
            "a=interval(1,1): its ends are the same; allowed is a start below the end",
        ),
        (
            "a=range(3,0)",
            "a=range(3,0): has no value in it; allowed: ends the other way round",
        ),
        (
            "a=tag(log,interval(0,1))",
            "a=tag(log,interval(0,1)): a log scale has no 0; allowed is a start above 0",
        ),
        (
            "a=tag(log,range(1,9,2))",
            "a=tag(log,range(1,9,2)): a range with a log scale has whole numbers, 1 apart",
        ),
        (
            "a=tag(log,choice(1,2))",
            "a=tag(log,choice(1,2)): choices have no log scale; allowed: an interval, or a range",
        ),
        (
            "a=tag(lgo,interval(0,1))",
            "a=tag(lgo,interval(0,1)): the tag lgo is not known (did you mean log?); allowed: log",
        ),
        (
            "a=shuffle(choice(1,2))",
            "a=shuffle(choice(1,2)): the order of values does not matter to a search; allowed: "
            "none",
        ),
        ("a=range(0,10,0)", "a=range(0,10,0): has a step of 0; allowed is any other"),
        (
            "a=range(0,2000000000)",
            "a=range(0,2000000000): has too many values; allowed instead: an interval, "
            "int(interval)",
        ),
        ("~a=1,2", "~a=1,2: what is taken away cannot be searched"),
        (
            "a=1",
            "hydra/sweeper=optuna: there is nothing to search; allowed are values such as "
            "'optim.lr=tag(log,interval(0.001,1))', 'seed=range(0,5)', model.activation=tanh,relu",
        ),
    ],
)
def test_what_cannot_be_searched(text, message):
    with pytest.raises(UserError) as raised:
        space(text)
    assert str(raised.value) == message
