"""Pruning by one metric, where there are several objectives."""

import dataclasses
import functools

import pytest
from optuna.trial import TrialState

from sweep.config.compose import load
from sweep.config.ranges import parse_overrides
from sweep.errors import Pruned, UserError
from sweep.runs.membership import Membership
from sweep.search.plan import Plan, check
from sweep.search.pruning import judge_of
from sweep.search.reported import ReportedTrial
from sweep.search.space import space_of
from sweep.search.study import Study
from sweep.training.selection import EpochRecord

LR = "optim.lr=tag(log,interval(1e-3,1))"
BOTH = "search.objectives=[val/accuracy,epoch_seconds]"
_loaded = functools.cache(load)


def open_study(search):
    directions = ["maximize", "minimize"]
    return Study(search, "test", 9, space_of(parse_overrides([LR])), directions, {})


def settings(**changes):
    return dataclasses.replace(_loaded().search, study="test", **changes)


def ends(search, curves):
    """Report curves, one run after the other; return after which epoch each was pruned."""
    study, found = open_study(search), []
    for curve in curves:
        number = study.ask(99).number
        trial = ReportedTrial(search, "test", number, 9)
        reported = enumerate(curve, 1)
        end = next((each for each, value in reported if not trial.goes_on_after(each, value)), None)
        state = TrialState.PRUNED if end else TrialState.COMPLETE
        study.tell(number, state, None if end else [curve[-1], 1.0], "id")
        found.append(end)
    return found


def constant(value):
    return [value] * 8


CURVES = [constant(each) for each in (0.5, 0.4, 0.6, 0.3)]


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_the_metric_says_which_end_is_better(sampler):
    known = settings(pruner="stop_asha", sampler=sampler, startup_trials=2)
    higher = dataclasses.replace(known, prune_by="val/accuracy", storage="sqlite:///one.db")
    assert ends(higher, CURVES) == [None, 1, None, 1]
    lower = dataclasses.replace(known, prune_by="val/loss", storage="sqlite:///two.db")
    assert ends(lower, CURVES) == [None, None, 1, None]


@pytest.mark.parametrize(("metric", "best"), [("val/accuracy", 2), ("val/loss", 1)])
def test_of_those_that_pause_the_best_by_it_goes_on(metric, best):
    search = settings(pruner="asha", prune_by=metric)
    study = open_study(search)
    for value in (0.5, 0.3, 0.6):
        trial = ReportedTrial(search, "test", study.ask(99).number, 9)
        assert not trial.goes_on_after(1, value)
    assert study.promote(()).number == best


@pytest.mark.parametrize(("end", "best"), [("max", 2), ("min", 1)])
def test_a_users_own_metric_says_itself_which_end_is_better(end, best):
    search, measured = settings(pruner="asha", prune_by="val/f2"), ["accuracy", f"my.f2@{end}"]
    space = space_of(parse_overrides([LR]))
    study = Study(search, "test", 9, space, ["maximize", "minimize"], {}, measured)
    for value in (0.5, 0.3, 0.6):
        trial = ReportedTrial(search, "test", study.ask(99).number, 9, measured)
        assert not trial.goes_on_after(1, value)
    assert study.promote(()).number == best


@pytest.mark.parametrize("pruner", ["stop_hyperband", "median"])
def test_each_pruner_can_do_it(pruner):
    search = settings(pruner=pruner, prune_by="val/accuracy", startup_trials=2)
    found = ends(search, [constant(0.9 - number / 100) for number in range(20)])
    assert found[0] is None and {*found} != {None}


def test_a_run_reports_that_metric_and_no_other():
    search = ("search.pruner=stop_asha", "search.study=test", "search.prune_by=val/loss", BOTH)
    config = load("epochs=4", *search)
    study = open_study(config.search)
    numbers = [study.ask(9).number for _ in range(2)]
    better, worse = (judge_of(config, Membership("a sweep", "test", each)) for each in numbers)
    better([EpochRecord(1, {"val/loss": 0.5, "val/accuracy": 0.1})], False)
    with pytest.raises(Pruned) as raised:
        worse([EpochRecord(1, {"val/loss": 0.6, "val/accuracy": 0.9})], False)
    assert str(raised.value) == (
        "stop_asha stopped it after epoch 1: others had a better val/loss by then"
    )
    assert [each.intermediate_values for each in study.begun()] == [{1: 0.5}, {1: 0.6}]


def checked(*overrides):
    plan = Plan(space_of(parse_overrides([LR])), load(*overrides), [LR])
    check(plan, [plan.config])
    return plan


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            (BOTH, "search.pruner=asha"),
            "search.pruner=asha: stops runs by one metric, and there are 2 objectives; allowed is "
            "to say which, as in search.prune_by=val/accuracy",
        ),
        (
            ("search.pruner=asha", "search.prune_by=val/loss"),
            "search.prune_by=val/loss: there is one objective, val/accuracy, by which runs are "
            "stopped; allowed is null, or several search.objectives",
        ),
        (
            (BOTH, "search.prune_by=val/loss"),
            "search.prune_by=val/loss: no run is stopped with search.pruner=null; allowed is null, "
            "or a pruner: asha, hyperband, median, stop_asha, stop_hyperband",
        ),
        (
            (BOTH, "search.pruner=asha", "search.prune_by=val/macro_f1"),
            "search.prune_by=val/macro_f1: is not measured; allowed is null, or one of "
            "val/accuracy, val/loss, train/accuracy, train/loss, epoch_seconds, images_per_second",
        ),
    ],
)
def test_what_cannot_be_pruned_by(overrides, message):
    with pytest.raises(UserError) as raised:
        checked(*overrides)
    assert str(raised.value).replace(" (did you mean val/accuracy?)", "") == message


def test_it_is_announced():
    plan = checked(BOTH, "search.pruner=asha", "search.prune_by=val/loss")
    assert plan.announced()[0] == "search of 20 runs by tpe, pruned by asha by val/loss:"
