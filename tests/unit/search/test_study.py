"""Studies: the same suggestions whatever happens between them, and pruning worked out by hand."""

import dataclasses
import functools
import shutil
import socket
import sqlite3

import optuna
import pytest
from optuna.samplers import RandomSampler
from optuna.storages import RDBStorage
from optuna.trial import TrialState

from sweep.config.compose import load
from sweep.config.ranges import parse_overrides
from sweep.errors import UserError
from sweep.search.reported import ReportedTrial
from sweep.search.rules import RULE, in_study
from sweep.search.space import space_of
from sweep.search.stored import is_of_older_version, recorded_trials
from sweep.search.study import Study

LR, ACTIVATION = "optim.lr=tag(log,interval(1e-3,1))", "model.activation=tanh,relu,sigmoid"
FINITE = ("seed=range(0,3)", "model.activation=tanh,relu")


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """Give a storage without studies: to create one takes Optuna half a second."""
    file = tmp_path_factory.mktemp("storage") / "empty.db"
    RDBStorage(f"sqlite:///{file}")
    return file


@pytest.fixture(autouse=True)
def _storages(tmp_path, empty):
    for name in ("first", "grid", "optuna", "other", "second"):
        shutil.copy(empty, tmp_path / f"{name}.db")


_loaded = functools.cache(load)


def settings(**changes):
    return dataclasses.replace(_loaded().search, study="test", **changes)


def open_study(search, *overrides, directions=("maximize",), about=None):
    space = space_of(parse_overrides(overrides))
    return Study(search, "test", 9, space, directions, about or {"searched": list(overrides)})


def value_of(params):
    """Return some value, always the same for the same parameters."""
    return float(len(str(params)) % 7) - params.get("optim.lr", 0)


def suggest(search, count, overrides, interrupted):
    """Return what is suggested, with the study opened anew each time where it is interrupted."""
    study, found = open_study(search, *overrides), []
    for _ in range(count):
        if interrupted:
            study = open_study(search, *overrides)
        trial = study.ask(count)
        found.append(trial.params)
        study.tell(trial.number, TrialState.COMPLETE, [value_of(trial.params)], "id")
    return found


def test_a_dry_run_reads_trials_and_creates_nothing(tmp_path):
    search, about = settings(), {"epochs": 9}
    before = {each: each.read_bytes() for each in tmp_path.iterdir()}
    for storage in ("sqlite:///none.db", "sqlite:///optuna.db"):
        known = dataclasses.replace(search, storage=storage)
        assert recorded_trials(known, "test", about) == []
    sqlite3.connect("tables.db").executescript("CREATE TABLE others (name)")
    known = dataclasses.replace(search, storage="sqlite:///tables.db")
    assert recorded_trials(known, "test", about) == []
    (tmp_path / "tables.db").unlink()
    assert {each: each.read_bytes() for each in tmp_path.iterdir()} == before
    study = open_study(search, *FINITE, about=about)
    trial = study.ask(20)
    study.ask(20)
    study.tell(trial.number, TrialState.PRUNED, None, "id")
    states = [each.state for each in recorded_trials(search, "test", about)]
    assert states == [TrialState.PRUNED, TrialState.RUNNING]
    with pytest.raises(UserError, match=r"search\.study=test: is there already, and searches "):
        recorded_trials(search, "test", {"epochs": 10})


@pytest.mark.parametrize("sampler", ["tpe", "random", "cmaes", "gp"])
def test_the_same_seed_suggests_the_same_however_often_it_is_interrupted(sampler):
    if sampler == "gp":
        pytest.importorskip("torch", reason="Optuna's Gaussian processes need torch")
    first, second = (
        suggest(
            settings(sampler=sampler, startup_trials=4, storage=f"sqlite:///{name}.db"),
            *(9, (LR, ACTIVATION), name == "second"),
        )
        for name in ("first", "second")
    )
    assert first == second
    assert len({str(each) for each in first}) == 9
    other = settings(sampler=sampler, startup_trials=4, seed=1, storage="sqlite:///other.db")
    assert suggest(other, 9, (LR, ACTIVATION), False) != first


def test_a_search_that_knows_nothing_begins_in_the_middle():
    (first,), (at_random,), (given,) = (
        suggest(settings(storage=f"sqlite:///{name}.db", **changes), 1, (LR, ACTIVATION), False)
        for name, changes in (
            ("first", {"sampler": "tpe"}),
            ("second", {"sampler": "random"}),
            ("other", {"enqueue": ({"model.activation": "relu"},)}),
        )
    )
    assert first == {"optim.lr": 0.0316, "model.activation": "tanh"}
    assert at_random["optim.lr"] != 0.0316
    assert given["model.activation"] == "relu"
    assert given["optim.lr"] != 0.0316


def test_a_grid_has_each_combination_once():
    search = settings(sampler="grid", storage="sqlite:///grid.db")
    found = suggest(search, 6, FINITE, True)
    assert sorted((each["seed"], each["model.activation"]) for each in found) == [
        (seed, activation) for seed in range(3) for activation in ("relu", "tanh")
    ]


def test_a_grid_has_all_of_a_range_of_floats():
    """Also 0.3, though 0.1 added up three times is more than the range has."""
    search = settings(sampler="grid", storage="sqlite:///grid.db")
    found = suggest(search, 4, ("optim.momentum=range(0,0.35,0.1)",), True)
    assert sorted(each["optim.momentum"] for each in found) == [0.0, 0.1, 0.2, 0.3]


def test_a_trial_that_was_begun_is_there_until_it_is_told():
    study = open_study(settings(), LR)
    first, second = study.ask(2), study.ask(2)
    assert [first.number, second.number] == [0, 1]
    assert study.ask(2) is None
    study.tell(0, TrialState.COMPLETE, [0.5], "first")
    study.tell(0, TrialState.FAIL, None, "late")  # who comes too late changes nothing
    again = open_study(settings(), LR)
    assert [(each.number, each.params) for each in again.begun()] == [(1, second.params)]
    assert again.count() == 2
    assert [each.value for each in again.best()] == [0.5]
    assert again.run_ids() == ["first"]


def test_the_best_of_two_objectives_are_those_that_no_other_is_better_than():
    study = open_study(settings(), LR, directions=("maximize", "minimize"))
    assert study.best() == []
    for values in ([0.9, 3], [0.8, 1], [0.8, 2], [0.7, 1]):
        study.tell(study.ask(4).number, TrialState.COMPLETE, values, "id")
    assert sorted(each.number for each in study.best()) == [0, 1]


def pruned(search, epochs, curves):
    """Report curves, one run after the other; return after which epoch each was pruned."""
    study, ends = open_study(search, LR), []
    for curve in curves:
        number = study.ask(99).number
        trial, end = ReportedTrial(search, "test", number, epochs), None
        for epoch, value in enumerate(curve, 1):
            if epoch == epochs:
                trial.report(epoch, value)
            elif not trial.goes_on_after(epoch, value):
                end = epoch
                break
        state = TrialState.PRUNED if end else TrialState.COMPLETE
        study.tell(number, state, None if end else [curve[-1]], "id")
        ends.append(end)
    return ends


def rising(start):
    return [start + epoch / 100 for epoch in range(9)]


def test_asha_keeps_the_best_third_of_each_rung():
    search = settings(pruner="stop_asha", reduction_factor=3)
    # Rungs end after epochs 1, 3 and 9. The first is alone; each other goes on if it is the best of
    # up to five so far, or one of the best two of six.
    curves = [rising(0.5), rising(0.4), rising(0.6), rising(0.3), rising(0.2), rising(0.55)]
    late = [0.7, 0.7, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]
    # The last is the best after epoch 1, and at epoch 3 below the two of that rung.
    assert pruned(search, 9, [*curves, late]) == [None, 1, None, 1, 1, 3, 3]


def test_asha_gives_each_run_its_first_epochs():
    search = settings(pruner="stop_asha", reduction_factor=2, min_epochs=2)
    assert pruned(search, 9, [rising(0.5), rising(0.4), rising(0.3)]) == [None, 2, 2]


def test_median_stops_what_is_below_the_median_of_others():
    search = settings(pruner="median", startup_trials=2, min_epochs=3)
    curves = [rising(0.5), rising(0.3), rising(0.45), rising(0.35)]
    # After epoch 3 the third is above the median of 0.52 and 0.32; the fourth is below that of
    # these and 0.47.
    assert pruned(search, 9, curves) == [None, None, None, 3]


def test_hyperband_has_brackets_that_prune_later():
    search = settings(pruner="stop_hyperband", reduction_factor=3)
    ends = pruned(search, 9, [rising(0.9 - number / 100) for number in range(30)])
    assert {1, 3} <= {*ends} <= {None, 1, 3}


def test_what_was_reported_before_an_interruption_is_not_reported_again():
    search = settings(pruner="stop_asha")
    number = open_study(search, LR).ask(1).number
    for _ in range(2):
        trial = ReportedTrial(search, "test", number, 9)
        for epoch, value in enumerate([0.1, 0.2], 1):
            trial.report(epoch, value)  # Optuna would warn, which is an error here
    (begun,) = open_study(search, LR).begun()
    assert begun.intermediate_values == {1: 0.1, 2: 0.2}


def searched(*overrides):
    return space_of(parse_overrides(overrides)).describe()


def test_a_study_of_another_search_is_refused():
    open_study(
        settings(), LR, about={"epochs": "9", "searched": searched("optim.lr=0.1,0.2", "seed=1,2")}
    )
    with pytest.raises(UserError) as raised:
        about = {
            "epochs": "10",
            "searched": searched("optim.lr=tag(log,interval(0.1,0.5))", "batch_size=range(8,33,8)"),
        }
        open_study(settings(), LR, about=about)
    assert str(raised.value) == (
        "search.study=test: is there already, and searches something else; allowed: the same "
        "search, or another name. optim.lr: 0.1 or 0.2 then, 0.1 to 0.5, on a log scale now; "
        "seed: 1 or 2 then, nothing now; epochs: 9 then, 10 now; batch_size: nothing then, 8 to 32 "
        "in steps of 8 now"
    )


def test_runs_that_pause_are_not_added_to_those_that_were_stopped():
    """What a study says of ``stop_asha`` is what older versions said of ``asha``."""
    stops, pauses = settings(pruner="stop_asha"), settings(pruner="asha")
    about = {RULE: in_study(stops, 9)}
    assert about == {RULE: "asha"}
    open_study(stops, LR, about=about)
    with pytest.raises(UserError) as raised:
        open_study(pauses, LR, about={RULE: in_study(pauses, 9)})
    assert str(raised.value) == (
        "search.pruner=asha: study test was begun by the rule that stops runs for good; allowed: "
        "search.pruner=stop_asha, which goes on with it, or search.study=NAME for another study"
    )
    assert not is_of_older_version(pauses, "test")  # it was not asha that was asked for
    assert not is_of_older_version(pauses, "another")
    with sqlite3.connect("optuna.db") as database:
        database.execute("DELETE FROM study_user_attributes WHERE key = 'search.pruner'")
    database.close()
    assert is_of_older_version(pauses, "test")


def test_runs_that_are_stopped_are_not_added_to_those_that_pause():
    pauses, stops = settings(pruner="hyperband"), settings(pruner="stop_hyperband")
    open_study(pauses, LR, about={RULE: in_study(pauses, 9)})
    with pytest.raises(UserError, match=r"search\.pruner: hyperband then, stop_hyperband now$"):
        open_study(stops, LR, about={RULE: in_study(stops, 9)})


@pytest.mark.parametrize("pruner", ["median", None])
def test_other_rules_are_called_what_they_were(pruner):
    assert in_study(settings(pruner=pruner), 9) == pruner


def test_a_study_of_edited_files_is_refused():
    about = {"epochs": "9", "model._source_": "0123"}
    open_study(settings(), LR, about=about)
    with pytest.raises(UserError) as raised:
        open_study(settings(), LR, about={**about, "model._source_": "4567"})
    assert str(raised.value) == (
        "search.study=test: is there already, and the files of its network have been edited since; "
        "allowed: another name, or the files as they were, which each run has in its artifact "
        "folder source"
    )


def unused_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize(
    ("storage", "end"),
    [
        ("sqlite:////proc/nowhere/optuna.db", "No such file or directory"),
        ("optuna.db", "Could not parse SQLAlchemy URL"),
        ("redis://127.0.0.1", "NoSuchModuleError"),
    ],
)
def test_a_storage_that_cannot_be_used(storage, end):
    with pytest.raises(UserError) as raised:
        open_study(settings(storage=storage), LR)
    assert str(raised.value).startswith(
        f"search.storage={storage}: cannot be used; allowed: a database as in sqlite:///optuna.db. "
    )
    assert end in str(raised.value)


def test_a_database_that_does_not_answer_and_its_password():
    pytest.importorskip("psycopg2")
    port = unused_port()
    with pytest.raises(UserError) as raised:
        open_study(settings(storage=f"postgresql+psycopg2://me:secret@127.0.0.1:{port}/optuna"), LR)
    assert str(raised.value).startswith(
        f"search.storage=postgresql+psycopg2://***@127.0.0.1:{port}/optuna: cannot be used; "
    )
    assert "Connection refused" in str(raised.value)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("directions", "trials", "what"),
    [
        (["minimize"], 0, "was created to minimize, and this search is to maximize"),
        (
            ["maximize", "minimize"],
            0,
            "was created to maximize and minimize, and this search is to maximize",
        ),
        (["maximize"], 2, "has 2 trials of something else"),
    ],
)
def test_a_study_that_something_else_has_created_is_refused(directions, trials, what):
    search = settings()
    made = optuna.create_study(
        storage=search.storage, study_name="test", directions=directions, sampler=RandomSampler()
    )
    for _ in range(trials):
        made.ask()
    with pytest.raises(UserError) as raised:
        open_study(search, LR)
    assert str(raised.value) == f"search.study=test: {what}; allowed is another name"
    assert made.user_attrs == {}


def test_an_empty_study_that_is_there_is_taken():
    search = settings()
    optuna.create_study(storage=search.storage, study_name="test", directions=["maximize"])
    assert open_study(search, LR).count() == 0
