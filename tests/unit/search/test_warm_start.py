"""Recorded runs that a search begins with: those that it could train itself."""

import dataclasses
import functools

import pytest
from optuna.trial import TrialState

from sweep.config.compose import load
from sweep.config.fingerprint import fingerprint
from sweep.config.params import params
from sweep.config.ranges import parse_overrides
from sweep.errors import UserError
from sweep.search.dimensions import Condition
from sweep.search.plan import Plan, check
from sweep.search.space import Space, space_of
from sweep.search.study import Study
from sweep.search.warm_start import KnownRun, WarmStart, fitting
from sweep.tracking import RunInfo

SEARCHED = (
    *("model=mlp,lenet", "optim.lr=tag(log,interval(1e-3,1))", "model.hidden=[64],[500]"),
    *("model.pooling=max,avg", "epochs=9", "context=cpu"),
)
_loaded = functools.cache(load)


def space():
    found = space_of(parse_overrides(SEARCHED))
    only = Condition("model", ("lenet",))
    return Space(
        tuple(
            dataclasses.replace(each, condition=only) if each.name == "model.pooling" else each
            for each in found.dimensions
        ),
        found.fixed,
    )


def run(number, *overrides, digest="digest", status="FINISHED", **metrics):
    config = load("epochs=9", "context=cpu", *overrides)
    tags = {"fingerprint": fingerprint(config, digest)}
    measured = {"val/accuracy": 0.5, "val_at_best/accuracy": 0.6, **metrics}
    return RunInfo(f"run-{number}", "", status, params(config), measured, tags)


def found(*runs, objectives=("val/accuracy",), curves=lambda ids: {}):
    def known(overrides):
        return _loaded(*overrides), "digest"

    return fitting("old", runs, space(), objectives, known, curves)


MLP = ("model=mlp", "optim.lr=0.25", "model.hidden=[64]")


def test_runs_that_the_search_could_train_are_known_the_oldest_first():
    lenet = ("model=lenet", "model.hidden=[500]", "model.pooling=avg", "optim.lr=1e-3")
    warm = found(run(2, *MLP), run(1, *lenet), curves=lambda ids: {"run-2": {1: 0.4, 2: 0.6}})
    assert warm.runs == [
        KnownRun(
            "run-1",
            {"model": "lenet", "optim.lr": 0.001, "model.hidden": "[500]", "model.pooling": "avg"},
            [0.6],
            {},
        ),
        KnownRun(
            "run-2",
            {"model": "mlp", "optim.lr": 0.25, "model.hidden": "[64]"},
            [0.6],
            {1: 0.4, 2: 0.6},
        ),
    ]
    assert warm.describe() == "2 runs known"
    assert WarmStart.from_json(warm.as_json()) == warm


def test_what_was_measured_besides_may_differ():
    others = ("metrics=[accuracy,macro_f1]", "test_every_epoch=true")
    assert len(found(run(1, *MLP, *others)).runs) == 1


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (run(2, *MLP, "optim.lr=1"), "1 with optim.lr outside of what is searched"),
        (run(2, *MLP, "model.hidden=[8]"), "1 with model.hidden outside of what is searched"),
        (run(2, *MLP, "epochs=5"), "1 with another value of epochs"),
        (run(2, *MLP, "monitor=val/loss"), "1 with another value of monitor"),
        (run(2, *MLP, "seed=1"), "1 with another value of seed"),
        (
            run(2, "model=nin", "optim.lr=0.25"),
            "1 with model.hidden outside of what is searched",
        ),
        (run(2, *MLP, digest="another"), "1 of other images or other code"),
        (run(2, *MLP, "optim.lr=0.5", status="FAILED"), "1 not finished"),
        (
            run(2, *MLP, "optim.lr=0.5", **{"val_at_best/accuracy": float("nan")}),
            "1 without val/accuracy",
        ),
        (run(2, *MLP), "1 the same as another"),
    ],
)
def test_what_does_not_fit_is_left_out_with_the_reason(other, why):
    warm = found(run(1, *MLP), other)
    assert [each.run_id for each in warm.runs] == ["run-1"]
    assert warm.describe() == f"1 run known; left out: {why}"


def test_what_was_taken_in_from_a_bundle_is_not_believed():
    bundled = run(2, *MLP)
    bundled = dataclasses.replace(bundled, tags={**bundled.tags, "bundle.sha256": "0123"})
    warm = found(bundled, run(1, *MLP))
    assert [each.run_id for each in warm.runs] == ["run-1"]
    assert warm.describe() == "1 run known; left out: 1 taken in from a bundle"


def test_without_a_run_that_fits_there_is_no_search():
    with pytest.raises(UserError) as raised:
        found(run(1, *MLP, "epochs=5"), run(2, *MLP, "epochs=6"), run(3, *MLP, "optim.lr=1"))
    assert str(raised.value) == (
        "search.warm_start=old: none of 3 runs fits this search; left out: 2 with another value of "
        "epochs, 1 with optim.lr outside of what is searched; allowed is null, or an experiment or "
        "a sweep with finished runs that this search could train"
    )


def test_runs_without_an_objective_are_left_out():
    with pytest.raises(UserError, match="left out: 1 without epoch_seconds"):
        found(run(1, *MLP), objectives=("val/accuracy", "epoch_seconds"))


def known_runs():
    rates = [0.001 * 2**each for each in range(10)]
    return WarmStart(
        [KnownRun(f"{rate}", {"optim.lr": rate}, [-((rate - 0.1) ** 2)], {}) for rate in rates],
        {},
    )


def test_a_study_is_told_once_and_counts_none_of_them():
    only = space_of(parse_overrides(["optim.lr=tag(log,interval(1e-3,1))"]))
    search = dataclasses.replace(_loaded().search, study="test", startup_trials=5)
    suggested = []
    for find in (known_runs, None, None):  # the first time counts
        study = Study(search, "test", 9, only, ["maximize"], {})
        assert study.begin_with(find) == known_runs()
        assert study.count() == len(suggested)
        trial = study.ask(3)
        assert trial.number == len(suggested)
        study.tell(trial.number, TrialState.COMPLETE, [0.0], "id")
        suggested.append(trial.params["optim.lr"])
    assert study.ask(3) is None
    assert study.run_ids() == ["id"] * 3
    # What a study that knows nothing would try first: the middle, or what is drawn at random.
    for name in ("tpe", "random"):
        cold = dataclasses.replace(search, study=name, sampler=name)
        first = Study(cold, name, 9, only, ["maximize"], {}).ask(3)
        assert first.params["optim.lr"] != suggested[0]


def test_a_grid_tries_all_anyway():
    searched = space_of(parse_overrides(["seed=range(0,9)"]))
    plan = Plan(searched, load("search.warm_start=old", "search.sampler=grid"), [])
    with pytest.raises(UserError) as raised:
        check(plan, [plan.config])
    assert str(raised.value) == (
        "search.warm_start=old: search.sampler=grid tries all combinations, whatever is known; "
        "allowed: null, or another sampler"
    )


def test_cma_es_learns_from_its_own_generations_alone():
    searched = space_of(parse_overrides(["optim.lr=interval(0.1,1)"]))
    plan = Plan(searched, load("search.warm_start=old", "search.sampler=cmaes"), [])
    with pytest.raises(UserError) as raised:
        check(plan, [plan.config])
    assert str(raised.value) == (
        "search.warm_start=old: search.sampler=cmaes learns nothing from runs that it has not "
        "suggested itself; allowed: null, or another sampler"
    )


def test_it_makes_another_study_and_none_makes_the_one_of_before():
    def about(*overrides):
        return Plan(space(), load(*overrides), []).about(["digest"])

    assert about("search.warm_start=old") == {**about(), "search.warm_start": "old"}
