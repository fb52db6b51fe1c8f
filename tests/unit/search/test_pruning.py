"""What a run of a search asks its study after each epoch."""

import pytest

from sweep.config.compose import load
from sweep.config.ranges import parse_overrides
from sweep.errors import Pruned
from sweep.runs.membership import Membership
from sweep.search.pruning import judge_of
from sweep.search.space import space_of
from sweep.search.study import Study
from sweep.training.selection import EpochRecord


def judge(trial, *overrides):
    """Return a run's judge."""
    config = load("epochs=4", "search.pruner=stop_asha", *overrides)
    study = None if trial is None else "test"
    return judge_of(config, Membership("a sweep", study, trial))


def records(*values, metric="val/accuracy"):
    return [EpochRecord(epoch, {metric: value}) for epoch, value in enumerate(values, 1)]


@pytest.fixture
def study():
    space = space_of(parse_overrides(["optim.lr=interval(0.1,1)"]))
    return Study(load("search.study=test").search, "test", 4, space, ["maximize"], {})


def reported(study):
    return [trial.intermediate_values for trial in study.begun()]


def test_a_run_that_is_none_of_a_search_reports_nothing(study):
    study.ask(9)
    judge(None)(records(0.5), False)
    judge(0, "search.pruner=null")(records(0.5), False)
    assert reported(study) == [{}]


def test_all_epochs_are_reported_and_the_worse_run_is_pruned_with_its_reason(study):
    for _ in range(2):
        study.ask(9)
    better, worse = judge(0), judge(1)
    for epochs in ([0.5], [0.5, 0.6], [0.5, 0.6, 0.7]):
        better(records(*epochs), False)
    with pytest.raises(Pruned) as raised:
        worse(records(0.4), False)
    assert raised.value.epoch == 1
    assert str(raised.value) == (
        "stop_asha stopped it after epoch 1: others had a better val/accuracy by then"
    )
    assert reported(study) == [{1: 0.5, 2: 0.6, 3: 0.7}, {1: 0.4}]


def test_a_run_that_goes_on_reports_what_it_had_trained_before(study):
    study.ask(9)
    judge(0)(records(0.5), False)
    judge(0)(records(0.5, 0.6, 0.7), False)
    assert reported(study) == [{1: 0.5, 2: 0.6, 3: 0.7}]


def test_who_is_asked_again_after_a_death_answers_the_same(study):
    for _ in range(2):
        study.ask(9)
    judge(0)(records(0.5, 0.6), False)
    for _ in range(2):
        with pytest.raises(Pruned, match="after epoch 1"):
            judge(1)(records(0.4), False)


def test_an_epoch_that_was_not_judged_before_a_death_is_judged_after_it(study):
    for _ in range(2):
        study.ask(9)
    judge(0)(records(0.5, 0.6), False)
    with pytest.raises(Pruned, match="after epoch 2: others"):
        judge(1)(records(0.4, 0.7), False)
    assert reported(study)[1] == {1: 0.4}


def test_the_last_epoch_is_reported_and_prunes_nothing(study):
    for _ in range(2):
        study.ask(9)
    judge(0)(records(0.5, 0.6, 0.7, 0.8), True)
    judge(1)(records(0.1, 0.1, 0.1, 0.1), True)
    assert reported(study)[1] == {1: 0.1, 2: 0.1, 3: 0.1, 4: 0.1}


def test_a_study_that_cannot_be_asked_stops_no_run(study, caplog):
    judge(0, "search.storage=sqlite:////proc/nowhere/optuna.db")(records(0.5), False)
    assert "the study cannot be asked, so the run goes on: " in caplog.text


def test_less_loss_is_better():
    space = space_of(parse_overrides(["optim.lr=interval(0.1,1)"]))
    study = Study(load("search.study=test").search, "test", 4, space, ["minimize"], {})
    for _ in range(2):
        study.ask(9)
    judge(0, "monitor=val/loss")(records(0.5, metric="val/loss"), False)
    judge(1, "monitor=val/loss")(records(0.4, metric="val/loss"), False)
    with pytest.raises(Pruned, match="after epoch 1: others had a better val/loss by then"):
        study.ask(9)
        judge(2, "monitor=val/loss")(records(0.6, metric="val/loss"), False)
