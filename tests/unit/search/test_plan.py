"""What a search needs of its runs, and its settings of each other."""

import pytest

from sweep.config.compose import load
from sweep.config.ranges import parse_overrides
from sweep.errors import UserError
from sweep.search.plan import Plan, check
from sweep.search.space import space_of

SEEDS = "seed=range(0,9)"


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            ["dataset.val_size=0", "test_every_epoch=true"],
            "dataset.val_size=0: leaves nothing to choose by, and the test set is not for "
            "choosing; allowed with hydra/sweeper=optuna is 1 or more",
        ),
        (
            ["rerun=true"],
            "rerun=true: a search trains nothing again; allowed with hydra/sweeper=optuna is false",
        ),
        (
            ["search.pruner=asha", "search.objectives=[val/loss]"],
            "search.pruner=asha: stops runs by val/accuracy alone (monitor); allowed with "
            "search.objectives=[val/loss] is null",
        ),
        (
            ["search.pruner=asha", "search.min_epochs=10"],
            "search.min_epochs=10: no run would be pruned; allowed with epochs=10 is less",
        ),
        (
            ["search.objectives=[val/loss,val/loss]"],
            "search.objectives=[val/loss,val/loss]: has one of them twice",
        ),
        (
            ["search.sampler=cmaes", "search.objectives=[val/accuracy,epoch_seconds]"],
            "search.sampler=cmaes: has one objective; allowed with more: gp, grid, random, tpe",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(overrides, message):
    config = load(*overrides)
    with pytest.raises(UserError) as refusal:
        check(Plan(space_of(parse_overrides([SEEDS])), config, [SEEDS]), [config])
    assert str(refusal.value) == message


def test_a_sampler_that_tries_all_needs_an_end_of_values():
    given, config = "optim.lr=interval(0.1,1)", load("search.sampler=grid")
    with pytest.raises(UserError) as refusal:
        check(Plan(space_of(parse_overrides([given])), config, [given]), [config])
    assert str(refusal.value) == (
        f"{given}: has no end of values, and search.sampler=grid tries all; allowed: a range, or "
        "choices"
    )


def test_runs_that_pause_have_as_many_epochs():
    given = "epochs=3,9"
    configs = [load("search.pruner=asha", each) for each in ("epochs=3", "epochs=9")]
    plan = Plan(space_of(parse_overrides([given])), configs[0], [given])
    with pytest.raises(UserError) as refusal:
        check(plan, configs)
    assert str(refusal.value) == (
        "epochs=3,9: is searched, and search.pruner=asha pauses runs that have as many epochs; "
        "allowed is one number of epochs, or search.pruner=null"
    )
    for pruner in ("null", "stop_asha", "median"):
        configs = [load(f"search.pruner={pruner}", f"epochs={each}") for each in (3, 9)]
        check(Plan(plan.space, configs[0], [given]), configs)


def test_a_grid_has_an_end_of_combinations():
    given, config = ["optim.lr=range(1,1000)", "seed=range(0,1000)"], load("search.sampler=grid")
    with pytest.raises(UserError) as refusal:
        check(Plan(space_of(parse_overrides(given)), config, given), [config])
    assert str(refusal.value) == (
        "search.sampler=grid: keeps a list of all 999,000 combinations; allowed are at most "
        "100,000, or another sampler"
    )
