"""How a search stands: what a dry run says of it is what the command says."""

import shutil

import pytest
from optuna.storages import RDBStorage
from optuna.trial import TrialState

from sweep.config.compose import load
from sweep.config.ranges import parse_overrides
from sweep.errors import UserError
from sweep.search.plan import Plan
from sweep.search.reported import ReportedTrial
from sweep.search.space import space_of
from sweep.search.standing import Standing, recorded_standing, runs_in_all, standing
from sweep.search.study import Study

GIVEN = ("optim.lr=interval(0.1,1)",)


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """Give a storage without studies: to create one takes Optuna half a second."""
    file = tmp_path_factory.mktemp("storage") / "empty.db"
    RDBStorage(f"sqlite:///{file}")
    return file


@pytest.fixture(autouse=True)
def _storage(tmp_path, empty):
    shutil.copy(empty, tmp_path / "optuna.db")


def plan_of(*overrides):
    config = load("search.pruner=asha", "search.sampler=random", "epochs=9", *overrides)
    return Plan(space_of(parse_overrides(GIVEN)), config, GIVEN)


def open_study(plan):
    return Study(plan.config.search, "test", 9, plan.space, ["maximize"], {})


def three_trials():
    """Begin a study: one trial has ended, one is paused, and one was begun."""
    plan = plan_of("search.n_trials=5")
    study = open_study(plan)
    for _ in range(3):
        study.ask(5)
    study.tell(0, TrialState.COMPLETE, [0.5], "id")
    assert not ReportedTrial(plan.config.search, "test", 1, 9).goes_on_after(1, 0.5)


def test_of_what_is_not_there_nothing_is_done(capsys):
    found = recorded_standing(plan_of("search.n_trials=5"), "test", {})
    assert found == Standing(0, 0, 0)
    found.show("test", 5)
    assert capsys.readouterr().out == "  study test: 0 of 5 trials done\n"
    assert found.missing(5) == 5


def test_a_dry_run_knows_what_is_paused_as_the_command_does(capsys):
    three_trials()
    plan = plan_of("search.n_trials=5")
    found = recorded_standing(plan, "test", {})
    assert found == standing(plan, open_study(plan)) == Standing(3, begun=1, paused=1)
    found.show("test", 5)
    assert capsys.readouterr().out == (
        "  study test: 1 of 5 trials done, 1 begun before, 1 paused\n"
    )
    assert [found.missing(n_trials) for n_trials in (5, 3, 2)] == [4, 2, 2]
    assert Standing(3, begun=0, paused=0).missing(2) == 0


def test_a_dry_run_refuses_what_has_no_room_in_a_study_that_goes_on():
    three_trials()
    plan = plan_of("search.n_trials=3", "search.enqueue=[{optim.lr: 0.2}]")
    for found in (
        lambda: recorded_standing(plan, "test", {}),
        lambda: standing(plan, open_study(plan)),
    ):
        with pytest.raises(UserError) as raised:
            found()
        assert str(raised.value) == (
            "search.n_trials=3: too few for search.enqueue, of which 1 run is to be tried, after 3 "
            "trials of before; allowed is 4 or more"
        )


def test_runs_that_several_trials_share_count_once_when_all_have_ended():
    plan = plan_of("search.n_trials=3")
    study = open_study(plan)
    for number in range(3):
        assert runs_in_all(plan, study, ["one"]) is None
        study.ask(3)
        study.tell(number, TrialState.COMPLETE, [0.5], "one" if number else "another")
    assert runs_in_all(plan, study, ["one", "failed"]) == 3
