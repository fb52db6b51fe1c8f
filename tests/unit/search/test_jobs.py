"""The jobs of a search whose runs pause: which comes next, and how the others are closed."""

import math
import shutil
from types import SimpleNamespace

import pytest
from hydra.core.utils import JobReturn, JobStatus
from optuna.storages import RDBStorage
from optuna.trial import TrialState

from sweep.config.compose import load
from sweep.config.ranges import parse_overrides
from sweep.errors import UserError
from sweep.runs.locks import RunLocks
from sweep.search.jobs import TrialJobs
from sweep.search.reported import ReportedTrial
from sweep.search.space import space_of
from sweep.search.study import Study
from sweep.tracking import RunInfo

EPOCHS = 4  # they pause after epoch 1, and 3


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """Give a storage without studies: to create one takes Optuna half a second."""
    file = tmp_path_factory.mktemp("storage") / "empty.db"
    RDBStorage(f"sqlite:///{file}")
    return file


class Search:
    """A search whose runs are trained by a test: each reaches its value in all epochs."""

    def __init__(self, folder, n_trials, *overrides):
        config = load(
            *("search.pruner=asha", "search.sampler=random", "search.study=test"),
            *(f"epochs={EPOCHS}", *overrides),
        )
        space = space_of(parse_overrides(["optim.lr=interval(0.1,1)"]))
        plan = SimpleNamespace(
            config=config, space=space, n_trials=n_trials, objectives=("val/accuracy",)
        )
        self.config, self.locks = config, RunLocks(folder / "checkpoints")
        self.runs, self.closed, self.ended = {}, {}, []
        self.study = Study(config.search, "test", EPOCHS, space, ["maximize"], {})
        self.jobs = TrialJobs(plan, self.study, self, self, "a sweep")
        self.tracker = self

    def job(self, number, overrides):
        return SimpleNamespace(number=number, config=number)

    def started(self, job, membership):
        return job

    def fingerprint(self, number):
        return f"run{number}"

    def find_runs(self, fingerprint):
        return [each for each in self.runs.values() if each.fingerprint == fingerprint]

    def close_if_running(self, run_id, why):
        if self.runs[run_id].status == "RUNNING":
            self.ended.append(run_id)

    def prune_paused(self, run_id, pruned):
        self.closed[run_id] = (pruned.epoch, str(pruned))

    def record(self, number, status, folder=None, **tags):
        """Record what became of a run; with another folder of checkpoints, as a newer one."""
        name = self.fingerprint(number)
        run_id = f"{name} in {folder}" if folder else name
        known = {"fingerprint": name, "checkpoint_folder": folder or self.locks.folder_id, **tags}
        new = {run_id: RunInfo(run_id, name, status, {}, {"val/accuracy": 0.5}, known)}
        self.runs = {**new, **self.runs, **new} if folder else {**self.runs, **new}
        (self.locks.folder / name).mkdir(exist_ok=True)

    def train(self, job, value):
        trial = ReportedTrial(self.config.search, "test", job.number, EPOCHS)
        for epoch in range(1, EPOCHS):
            if not trial.goes_on_after(epoch, value):
                self.record(job.number, "KILLED", paused_after_epoch=f"{epoch}")
                break
        else:
            trial.report(EPOCHS, value)
            self.record(job.number, "FINISHED")
        self.jobs.finished(job, JobReturn(status=JobStatus.COMPLETED))

    def next(self):
        found = self.jobs.next()
        return found and found.number

    def states(self):
        self.jobs.close()
        return [each.state for each in self.study._trials()]


def points(uri, run_ids, metrics):
    """Return what is recorded of a run that was trained elsewhere."""
    return [(run_ids[0], epoch, metrics[0], epoch / 10) for epoch in range(1, EPOCHS + 1)]


@pytest.fixture
def search(tmp_path, empty, monkeypatch):
    monkeypatch.setattr("sweep.search.jobs.read_points", points)
    shutil.copy(empty, tmp_path / "optuna.db")
    return lambda *given: Search(tmp_path, *given)


def trained(one, *values):
    """Train this many trials, with nothing else going on, and what goes on in between."""
    order = []
    while found := one.jobs.next():
        order.append(found.number)
        one.train(found, values[found.number])
    return order


def test_what_may_go_on_comes_before_what_is_new_but_not_while_it_is_trained(search):
    one = search(5)
    first, second, third = (one.jobs.next() for _ in range(3))
    for job, value in ((first, 0.9), (second, 0.2)):
        one.train(job, value)
    trial = ReportedTrial(one.config.search, "test", 2, EPOCHS)
    assert not trial.goes_on_after(1, 0.95)  # it is the best, and its process has not ended
    assert one.next() == 3
    one.jobs.finished(third, JobReturn(status=JobStatus.COMPLETED))
    assert one.next() == 2


@pytest.mark.parametrize(("states", "is_kept"), [("keep_states=0", False), ("keep_states=9", True)])
def test_what_is_left_is_closed_as_pruned(search, capsys, states, is_kept):
    one = search(4, states)
    assert trained(one, 0.9, 0.2, 0.3, 0.4) == [0, 1, 2, 0, 3, 0]  # at last, the best to its end
    assert one.states() == [TrialState.COMPLETE, *[TrialState.PRUNED] * 3]
    reason = "asha paused it after epoch 1: others went on, with a better val/accuracy"
    assert one.closed == {f"run{number}": (1, reason) for number in (1, 2, 3)}
    assert [(one.locks.folder / f"run{number}").exists() for number in (1, 2, 3)] == [is_kept] * 3
    assert capsys.readouterr().out == "3 paused runs did not go on: closed as PRUNED\n"
    assert one.states() and capsys.readouterr().out == ""


def test_nothing_is_closed_while_a_trial_has_not_ended(search):
    """One failed: the same command goes on with it, and then others may go on, too."""
    one = search(3)
    for value in (0.9, 0.2):
        one.train(one.jobs.next(), value)
    failed = one.jobs.next()
    one.jobs.finished(failed, JobReturn(status=JobStatus.FAILED))
    assert one.jobs.next() is None
    assert one.states() == [TrialState.RUNNING] * 3


def test_what_was_killed_keeps_no_search_open(search):
    """The best of the others goes on to its end, and those that are paused are closed."""
    one = search(4)
    one.train(one.jobs.next(), 0.9)
    killed = one.jobs.next()
    one.jobs.finished(killed, JobReturn())
    assert trained(one, *(0.9, 0.0, 0.3, 0.2))[-1] == 0
    assert one.states() == [
        *(TrialState.COMPLETE, TrialState.RUNNING, TrialState.PRUNED, TrialState.PRUNED)
    ]
    again = TrialJobs(one.jobs._plan, one.study, one, one, "a sweep")
    assert again.next().number == killed.number  # the same command goes on with it


def test_a_run_that_is_killed_at_its_rung_does_not_go_on(search):
    one = search(4)
    one.train(one.jobs.next(), 0.8)
    one.train(one.jobs.next(), 0.9)
    one.jobs.finished(one.job(1, ()), JobReturn())
    order = trained(one, *(0.8, 0.9, 0.3, 0.95))
    assert 1 not in order and order[-1] == 3
    assert TrialState.RUNNING not in one.states()


def test_nothing_is_closed_if_the_search_was_stopped(search):
    one = search(3)
    one.train(one.jobs.next(), 0.9)
    assert one.states() == [TrialState.RUNNING]


def test_after_the_time_budget_nothing_is_suggested_and_the_best_go_on(search):
    one = search(9, "search.time_budget=1000")
    for value in (0.9, 0.2, 0.3):
        one.train(one.jobs.next(), value)
    one.jobs._end = 0.0
    assert trained(one, 0.9) == [0, 0]
    assert one.states() == [TrialState.COMPLETE, TrialState.PRUNED, TrialState.PRUNED]


def test_what_another_search_has_trained_meanwhile_is_complete(search):
    one = search(4)
    trained(one, 0.9, 0.2, 0.3, 0.4)
    one.record(2, "FINISHED")
    assert one.states()[2] == TrialState.COMPLETE
    assert [*one.study._trials()[2].intermediate_values] == [1, 2, 3, 4]
    assert {*one.closed} == {"run1", "run3"}


def test_what_is_found_trained_already_counts_in_its_rungs(search, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "sweep.search.jobs.read_points", lambda *given: asked.append(given[1:]) or points(*given)
    )
    one = search(4)
    found = one.jobs.next()
    one.record(0, "FINISHED")
    one.jobs.finished(found, JobReturn(status=JobStatus.COMPLETED))
    (trial,) = one.study._trials()
    assert (trial.state, trial.value) == (TrialState.COMPLETE, 0.5)
    assert trial.intermediate_values == {1: 0.1, 2: 0.2, 3: 0.3, 4: 0.4}
    assert asked == [(["run0"], ["val/accuracy"])]
    # Of three at epoch 1 it is not the best: that goes on. It has reported all itself, at last.
    assert trained(one, None, 0.9, 0.2, 0.05)[:3] == [1, 2, 1]
    assert len(asked) == 1


def test_what_another_process_is_at_work_on_is_left_to_it(search, capsys):
    """Its trial, too: the process may be closing the record at this moment."""
    one = search(4)
    trained(one, 0.9, 0.2, 0.3, 0.4)
    with one.locks.try_hold("run2"):
        assert one.states()[2] == TrialState.RUNNING
    assert {*one.closed} == {"run1", "run3"}
    assert capsys.readouterr().out == "2 paused runs did not go on: closed as PRUNED\n"
    assert one.states()[2] == TrialState.PRUNED  # by the next command
    assert {*one.closed} == {"run1", "run2", "run3"}


def test_runs_in_another_folder_of_checkpoints_are_left_as_they_are(search):
    """Somebody else trains the same, with the same record, and a study of their own."""
    one = search(4)
    trained(one, 0.9, 0.2, 0.3, 0.4)
    one.record(1, "RUNNING", folder="theirs")
    one.record(2, "KILLED", folder="theirs", paused_after_epoch="1")
    assert one.states() == [TrialState.COMPLETE, *[TrialState.PRUNED] * 3]
    assert {*one.closed} == {"run1", "run2", "run3"}
    assert one.study._trials()[2].user_attrs["run_id"] == "run2"


def test_what_failed_or_was_left_running_is_closed_as_what_it_is(search):
    one = search(4)
    trained(one, 0.9, 0.2, 0.3, 0.4)
    one.record(1, "FAILED", failure_reason="the disk is full")
    one.record(2, "RUNNING")  # nobody holds its lock: its process was killed
    assert one.states() == [TrialState.COMPLETE, *[TrialState.PRUNED] * 3]
    assert ({*one.closed}, one.ended) == ({"run2", "run3"}, ["run2"])


def test_one_whose_metric_is_no_number_is_closed_as_pruned_and_is_never_the_best(search):
    one = search(2)
    for number, value in ((0, math.nan), (1, 0.5)):
        job = one.jobs.next()
        one.record(job.number, "FINISHED")
        one.runs[f"run{number}"].metrics["val/accuracy"] = value
        one.jobs.finished(job, JobReturn(status=JobStatus.COMPLETED))
    assert one.states() == [TrialState.PRUNED, TrialState.COMPLETE]
    assert [each.number for each in one.study.best()] == [1]


def test_a_storage_that_is_away_when_a_trial_cannot_be_trained_stops_nothing(search, monkeypatch):
    one = search(2)
    refuse, told = UserError("no such values"), one.study.tell

    def away(*arguments):
        raise UserError("the storage is away")

    monkeypatch.setattr(one.study, "tell", away)
    monkeypatch.setattr(one, "started", lambda job, membership: (_ for _ in ()).throw(refuse))
    assert one.jobs.next() is None
    assert str(one.jobs.error) == "the storage is away"
    monkeypatch.setattr(one.study, "tell", told)
    one.jobs._ask_again = 0.0
    assert one.jobs.next() is None
    assert [each.state for each in one.study._trials()] == [TrialState.FAIL] * 2
