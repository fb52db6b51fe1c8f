"""Which trial goes on, and when: searches in which nothing is trained, against algorithm 2."""

import dataclasses
import functools
import math
import random
import shutil

import pytest
from optuna.storages import RDBStorage
from optuna.trial import TrialState

from sweep.config.compose import load
from sweep.config.ranges import parse_overrides
from sweep.errors import Undecided
from sweep.runs.membership import Membership
from sweep.search.pruning import judge_of
from sweep.search.reported import ReportedTrial
from sweep.search.space import space_of
from sweep.search.study import Study
from sweep.training.selection import EpochRecord

_loaded = functools.cache(load)


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """Give a storage without studies: to create one takes Optuna half a second."""
    file = tmp_path_factory.mktemp("storage") / "empty.db"
    RDBStorage(f"sqlite:///{file}")
    return file


@pytest.fixture(autouse=True)
def _storage(tmp_path, empty):
    shutil.copy(empty, tmp_path / "optuna.db")


def settings(**changes):
    changes = {"pruner": "asha", "sampler": "random", **changes}
    return dataclasses.replace(_loaded().search, study="test", **changes)


def open_study(search, direction="maximize", epochs=9):
    space = space_of(parse_overrides(["optim.lr=interval(0.1,1)"]))
    return Study(search, "test", epochs, space, [direction], {})


class Place:
    """Where nothing is trained: each trial has a curve, and some are trained at once."""

    def __init__(self, search, curves, n_trials, direction="maximize", epochs=9):
        self.search, self.curves, self.n_trials = search, curves, n_trials
        self.direction, self.epochs = direction, epochs
        self.study = open_study(search, direction, epochs)

    def next(self, busy=()):
        """Return the number of the next trial to train; None if there is none."""
        trial = self.study.promote(busy) or self.study.ask(self.n_trials)
        return None if trial is None else trial.number

    def train(self, number):
        """Train a trial until it pauses or ends; return after which epoch that was."""
        trial, curve = ReportedTrial(self.search, "test", number, self.epochs), self.curves[number]
        for epoch, value in enumerate(curve, 1):
            if epoch == self.epochs:
                trial.report(epoch, value)
            elif not trial.goes_on_after(epoch, value):
                return epoch
        self.study.tell(number, TrialState.COMPLETE, [curve[-1]], "id")
        return self.epochs

    def search_all(self):
        """Train one trial after the other; return their numbers and where each of them paused."""
        done = []
        while (number := self.next()) is not None:
            done.append((number, self.train(number)))
        return done


def algorithm_2(curves, rungs, factor, n_trials, sign):
    """Return the same from the paper's pseudocode, one job at a time; see its get_job."""
    reached = {rung: {} for rung in rungs}
    promoted = {rung: set() for rung in rungs}
    done, asked = [], 0

    def get_job():
        nonlocal asked
        for k in reversed(range(len(rungs))):
            scores = reached[rungs[k]]
            top = sorted(scores, key=lambda each: -sign * scores[each])[: len(scores) // factor]
            candidates = [each for each in top if each not in promoted[rungs[k]]]
            if candidates:
                promoted[rungs[k]].add(candidates[0])
                return candidates[0], k + 1
        asked += 1
        return asked - 1, 0

    while True:
        number, k = get_job()
        if number >= n_trials:
            return done
        epoch = [*rungs, len(curves[0])][k]
        done.append((number, epoch))
        if k < len(rungs):
            reached[rungs[k]][number] = curves[number][epoch - 1]


def random_curves(count, seed, epochs=9):
    generator = random.Random(seed)
    return [[generator.random() for _ in range(epochs)] for _ in range(count)]


@pytest.mark.parametrize(("direction", "sign"), [("maximize", 1), ("minimize", -1)])
def test_the_order_is_that_of_the_papers_algorithm(direction, sign):
    curves = random_curves(15, seed=0)
    found = Place(settings(), curves, 15, direction).search_all()
    assert found == algorithm_2(curves, (1, 3), 3, 15, sign)
    assert {epoch for _, epoch in found} == {1, 3, 9}


def test_with_other_rungs_too():
    curves = random_curves(12, seed=1)
    search = settings(min_epochs=2, reduction_factor=2)
    found = Place(search, curves, 12).search_all()
    assert found == algorithm_2(curves, (2, 4, 8), 2, 12, 1)
    assert {epoch for _, epoch in found} == {2, 4, 8, 9}


def test_the_example_of_the_paper():
    """Its figure 2: with eta=3, the fourth job is the promotion of the best of three."""
    curves = [[0.1] * 9, [0.9] * 9, [0.5] * 9, [0.4] * 9]
    assert Place(settings(), curves, 4).search_all() == [(0, 1), (1, 1), (2, 1), (1, 3), (3, 1)]


def test_an_interrupted_search_goes_on_with_the_same_rungs():
    """All is in the study: nothing is lost with the process, wherever it is killed."""
    curves = random_curves(11, seed=2)
    expected, done = algorithm_2(curves, (1, 3), 3, 11, 1), []
    while True:
        begun = open_study(settings()).begun()
        place = Place(settings(), curves, 11)
        number = begun[0].number if begun else place.next()  # and then it is killed
        if number is None:
            break
        again = Place(settings(), curves, 11)
        assert [each.number for each in again.study.begun()] == [number]
        done.append((number, again.train(number)))
        assert again.study.begun() == []
    assert done == expected
    assert {epoch for _, epoch in done} == {1, 3, 9}


def test_what_is_being_trained_does_not_go_on_yet():
    place = Place(settings(), [[0.9] * 9, [0.1] * 9, [0.2] * 9], 3)
    for _ in range(3):
        place.train(place.next())
    assert place.next(busy={0}) is None  # its record is being closed
    assert place.next(busy={1}) == 0


def test_what_diverged_counts_in_its_rung():
    place = Place(settings(), [[0.9] * 9, [0.1] * 9, [math.nan] * 9], 3)
    for _ in range(2):
        place.train(place.next())
    assert place.next() == 2
    place.study.tell(2, TrialState.PRUNED, None, "id")  # as it is told of a run that diverged
    assert place.next() == 0


def test_what_is_no_number_never_goes_on():
    place = Place(settings(), [[math.nan] * 9] * 4, 4)
    assert place.search_all() == [(number, 1) for number in range(4)]
    assert place.study.promote_last() is None


def test_the_best_is_trained_to_its_end_if_none_was():
    place = Place(settings(), [[0.5 - 0.1 * number] * 9 for number in range(5)], 5)
    assert place.search_all() == [(0, 1), (1, 1), (2, 1), (0, 3), (3, 1), (4, 1)]
    last = place.study.promote_last()
    assert (last.number, place.train(0)) == (0, 9)
    assert place.study.promote_last() is None
    assert [each.number for each in place.study.paused()] == [1, 2, 3, 4]


def test_those_that_were_closed_do_not_go_on():
    place = Place(settings(), [[each] * 9 for each in (0.9, 0.8, 0.1, 0.2, 0.3, 0.4)], 4)
    assert place.search_all() == [(0, 1), (1, 1), (2, 1), (0, 3), (3, 1)]
    for each in place.study.paused():
        place.study.tell(each.number, TrialState.PRUNED, None, "id")
    place.n_trials = 6
    assert place.search_all() == [(4, 1), (5, 1)]  # the second best of six is closed


def test_hyperband_compares_within_its_brackets():
    """Of 17 trials in a row nine pause after epochs 1 and 3, five after 3, three never."""
    values = [0.1 + number / 100 for number in range(17)]
    found = Place(settings(pruner="hyperband"), [[each] * 9 for each in values], 17).search_all()
    first, second, third = (
        [each for each in found if each[0] in numbers]
        for numbers in (range(9), range(9, 14), range(14, 17))
    )
    assert first == algorithm_2([[each] * 9 for each in values], (1, 3), 3, 9, 1)
    later = algorithm_2([[each] * 9 for each in values[9:14]], (3,), 3, 5, 1)
    assert second == [(9 + number, epoch) for number, epoch in later]
    assert third == [(14, 9), (15, 9), (16, 9)]


def test_samplers_know_paused_trials_as_those_that_did_not_get_far(monkeypatch):
    place, told = Place(settings(), [[0.1 * number] * 9 for number in range(6)], 6), []
    known = place.study._known
    monkeypatch.setattr(
        place.study, "_known", lambda trials: told.append(known(trials)) or told[-1]
    )
    place.search_all()
    assert [(each.state, each.value) for each in told[3]] == [
        (TrialState.PRUNED, None),
        (TrialState.PRUNED, None),
        (TrialState.PRUNED, None),
    ]
    # In one dimension four are enough, and they are compared by what they reached after an epoch.
    assert [each.value for each in told[4]] == [0.0, 0.1, 0.2, pytest.approx(0.3)]
    assert {each.state for each in told[4]} == {TrialState.COMPLETE}


def judge(trial, *overrides):
    """Return a run's judge."""
    return judge_of(
        load("epochs=9", "search.pruner=asha", *overrides), Membership("a sweep", "test", trial)
    )


def records(*values):
    return [EpochRecord(epoch, {"val/accuracy": value}) for epoch, value in enumerate(values, 1)]


def test_a_run_pauses_at_its_rung_and_again_if_it_is_asked_again():
    study = open_study(settings())
    study.ask(9)
    for _ in range(2):
        with pytest.raises(Undecided) as raised:
            judge(0)(records(0.5), False)
    assert raised.value.epoch == 1
    assert str(raised.value) == "asha decides whether it goes on after epoch 1"
    assert [each.number for each in study.paused()] == [0]


def test_a_run_that_has_trained_more_reports_what_it_was_asked_for():
    """Another trial has the same values, and goes on in the same run."""
    study = open_study(settings())
    study.ask(9)
    with pytest.raises(Undecided, match="after epoch 3"):
        judge(0)(records(0.5, 0.6, 0.7), False)
    assert study.paused()[0].intermediate_values == {1: 0.5}


def test_a_run_that_is_over_does_not_pause():
    """It stopped early at a rung, and its process may be killed before that is told."""
    study = open_study(settings())
    study.ask(9)
    judge(0)(records(0.5), True)
    assert study.paused() == []
    assert [each.intermediate_values for each in study.begun()] == [{1: 0.5}]
    assert study.promote(busy=()) is None and study.promote_last() is None
    judge(0)(records(0.5), True)  # by the next command
    assert [each.number for each in study.begun()] == [0]
