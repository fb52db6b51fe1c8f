"""What is taken over from one process of a run alone to the next, and what is kept of an error."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from hydra.core.utils import JobStatus
from left_behind import KILLED, recorder, state
from record import new_record

import sweep.runs.execute
from sweep.config.compose import load
from sweep.errors import RunFailed, UserError
from sweep.execution.job import Job
from sweep.runs.events import Ended, Recorded, Resolved
from sweep.runs.locks import RunLocks
from sweep.sweeps import single
from sweep.sweeps.telling import Telling
from sweep.tracking import Tracker


@pytest.fixture
def trained(monkeypatch):
    """The configurations that were trained."""
    found = []
    monkeypatch.setattr(sweep.runs.execute, "execute", lambda config, *_: found.append(config))
    monkeypatch.setattr(single, "_announced", lambda config, _: replace(config, seed=1))
    return found


def test_another_process_goes_on_with_what_the_first_has_resolved(trained):
    told = []
    config, shown = load("seed=0"), single.Shown(told.append)
    single._announced_and_trained(shown, config, [], told.append)
    shown(0, Resolved(replace(config, seed=2)))
    single._announced_and_trained(shown, config, [], told.append)
    assert [each.seed for each in trained] == [1, 2]
    shown(0, Recorded("id"))
    assert told == [Recorded("id")]


@pytest.mark.parametrize(
    ("error", "logged"),
    [
        (UserError("seed=a: wrong"), []),
        (RunFailed("diverged"), []),
        (ValueError("of a user's code"), ["ValueError: of a user's code"]),
    ],
)
def test_the_log_has_the_traceback_of_what_nobody_has_foreseen(
    tmp_path, monkeypatch, error, logged
):
    def users_code(tell):
        raise error

    monkeypatch.setattr(single, "let_crashes_end_the_process", lambda: None)
    log = tmp_path / "run.log"
    log.touch()
    done = single.returned(users_code, log, tell=None)
    assert (done.status, done._return_value) == (JobStatus.FAILED, error)
    lines = log.read_text().splitlines()
    assert lines[-1:] == logged
    assert any("in users_code" in line for line in lines) == bool(logged)


def test_a_folder_that_the_dataset_does_not_read_is_refused():
    with pytest.raises(UserError) as raised:
        single._announced(load("dataset.root=x"), lambda event: None)
    assert str(raised.value) == (
        "dataset.root=x: dataset=mnist_5k reads no files from there; allowed is to leave it out, "
        "or a dataset that does, as in dataset=mnist"
    )


def interrupted(monkeypatch, config, *events):
    """Interrupt a run that has told this."""

    def run():
        for event in events:
            shown(0, event)
        raise KeyboardInterrupt

    shown = single.Shown(lambda event: None)
    monkeypatch.setattr(single, "Scheduler", lambda *_, **__: SimpleNamespace(run=run))
    job = Job(0, (), lambda: None, config)
    with pytest.raises(KeyboardInterrupt):
        single._trained(job, shown, None, Telling(config, "run"))


@pytest.mark.parametrize("told", [[], [Recorded("id")], [Ended("KILLED")]])
def test_what_is_left_running_is_closed_though_its_record_was_not_told(tmp_path, monkeypatch, told):
    folder = tmp_path / "checkpoints"
    config = load(f"tracking.uri={new_record(tmp_path)}", f"checkpoint_dir={folder}")
    tracker = Tracker(config.tracking.uri, config.tracking.experiment)
    left = recorder(tracker, RunLocks(folder))("key")
    interrupted(monkeypatch, config, Resolved(config), *told)
    assert state(tracker, left) == KILLED


def test_what_is_interrupted_before_it_was_begun_leaves_no_record(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    interrupted(monkeypatch, load())
    assert [*tmp_path.iterdir()] == []
