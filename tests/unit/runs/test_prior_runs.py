import pytest
from left_behind import KILLED, RUNNING, recorder, state
from record import new_record

from sweep import tracking
from sweep.config.compose import load
from sweep.runs.locks import RunLocks
from sweep.runs.resume import (
    PriorRuns,
    all_prior_runs,
    close_abandoned,
    prior_runs,
    recorded_score,
    remove_leftovers,
)
from sweep.tracking import FOLDER, RunInfo, Tracker

HERE, THERE = "a" * 32, "b" * 32


def past(number, status, folder=HERE, metrics=None):
    tags = {} if folder is None else {FOLDER: folder}
    return RunInfo(f"id {number}", f"name {number}", status, {}, metrics or {}, tags)


# --- what is recorded of a combination ---


@pytest.mark.parametrize(
    ("runs", "trained", "begun"),
    [
        ([], None, None),
        ([past(1, "FINISHED")], 1, None),
        ([past(1, "FINISHED", THERE)], 1, None),  # wherever it was trained
        ([past(1, "FINISHED", None)], 1, None),  # by an earlier version, too
        ([past(1, "KILLED")], None, 1),
        ([past(1, "FAILED")], None, 1),
        ([past(1, "RUNNING")], None, 1),
        ([past(1, "SCHEDULED")], None, 1),
        ([past(1, "KILLED", THERE)], None, None),  # its checkpoints are not here
        ([past(1, "KILLED", None)], None, None),
        ([past(2, "FINISHED"), past(1, "FINISHED")], 2, None),  # the newest comes first
        ([past(2, "KILLED"), past(1, "FAILED")], None, 2),
        ([past(3, "KILLED", THERE), past(2, "KILLED"), past(1, "KILLED")], None, 2),
        ([past(2, "KILLED"), past(1, "FINISHED")], 1, 2),
        ([past(2, "FINISHED"), past(1, "RUNNING")], 2, 1),
    ],
)
def test_how_a_combination_stands(runs, trained, begun):
    by_number = {int(run.run_id[3:]): run for run in runs}
    expected = PriorRuns(
        by_number[trained] if trained else None, by_number[begun] if begun else None
    )
    assert prior_runs(runs, HERE) == expected


@pytest.mark.parametrize(
    ("overrides", "score"),
    [
        ((), 0.9),
        (("monitor=val/loss",), 0.25),
        (("dataset.val_size=0", "test_every_epoch=true"), 0.5),
        (("test_every_epoch=true",), 0.9),
    ],
)
def test_the_score_is_that_of_the_epoch_that_was_kept(overrides, score):
    metrics = {"val/accuracy": 0.7, "val/loss": 0.75, "test/accuracy": 0.5}
    if "dataset.val_size=0" not in overrides:
        metrics |= {"val_at_best/accuracy": 0.9, "val_at_best/loss": 0.25}
    assert recorded_score(past(1, "FINISHED", metrics=metrics), load(*overrides)) == score


def test_checkpoints_of_finished_runs_are_removed(tmp_path):
    runs = [past(1, "FINISHED"), past(2, "KILLED"), past(3, "FINISHED"), past(4, "RUNNING")]
    for number in (1, 2, 4, 5):
        (tmp_path / f"id {number}").mkdir()
        (tmp_path / f"id {number}" / "epoch-0001.checkpoint").write_bytes(b"")
    remove_leftovers(runs, tmp_path)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["id 2", "id 4", "id 5"]


# --- in a record ---


@pytest.fixture(scope="module")
def uri(tmp_path_factory):
    return new_record(tmp_path_factory.mktemp("prior_runs"))


@pytest.fixture
def tracker(uri, request):
    return Tracker(uri, request.node.name)


@pytest.fixture
def locks(tracker, tmp_path):
    return RunLocks(tmp_path / "checkpoints")


@pytest.fixture
def record(tracker, locks):
    """Record a run or a sweep as left by its process; return its id."""
    return recorder(tracker, locks)


@pytest.mark.parametrize("kind", [tracking.RUN, tracking.SWEEP])
def test_what_has_no_process_is_closed(tracker, locks, record, kind):
    left = [record(f"key{number}", kind=kind) for number in range(3)]
    close_abandoned(tracker, locks)
    assert [state(tracker, run_id) for run_id in left] == [KILLED] * 3
    assert tracker.running() == []
    assert not locks.is_held("key0")  # it is not held on to
    before = [tracker._client.get_run(run_id).info.end_time for run_id in left]
    close_abandoned(tracker, locks)
    assert [tracker._client.get_run(run_id).info.end_time for run_id in left] == before


def test_what_cannot_be_told_from_here_is_left_alone(tracker, locks, record, tmp_path):
    elsewhere = RunLocks(tmp_path / "other")
    left = [
        record("key1", folder=elsewhere.folder_id),
        record(None),  # of a version that had no fingerprints, or of another program
    ]
    close_abandoned(tracker, locks)
    assert [state(tracker, run_id) for run_id in left] == [RUNNING] * 2
    close_abandoned(tracker, elsewhere)
    assert [state(tracker, run_id) for run_id in left] == [KILLED, RUNNING]


@pytest.mark.parametrize("status", ["FINISHED", "FAILED", "KILLED"])
def test_what_has_ended_is_left_alone(tracker, locks, record, status):
    ended = record("key", status)
    close_abandoned(tracker, locks)
    assert state(tracker, ended) == (status, None, True)


def test_what_ends_at_this_moment_is_left_alone(tracker, locks, record, monkeypatch):
    ended = record("key")
    running = tracker.running()
    tracker._client.set_terminated(ended, "FINISHED")
    monkeypatch.setattr(tracker, "running", lambda: running)  # it was asked for before
    close_abandoned(tracker, locks)
    assert state(tracker, ended) == ("FINISHED", None, True)


def test_runs_of_another_experiment_are_left_alone(tracker, locks, record):
    other = Tracker(tracker.uri, f"{tracker.experiment} other")
    close_abandoned(other, RunLocks(locks.folder))
    run_id = record("key")
    close_abandoned(other, RunLocks(locks.folder))
    assert state(tracker, run_id) == RUNNING


def test_how_several_combinations_stand(tracker, locks, record):
    killed, finished = record("begun", "KILLED"), record("trained", "FINISHED")
    again = record("trained", "FAILED")
    record("elsewhere", "KILLED", folder=THERE)
    leftovers = locks.folder / finished
    leftovers.mkdir()
    (locks.folder / killed).mkdir()
    found = all_prior_runs(["new", "trained", "begun", "elsewhere", "trained"], tracker, locks)
    assert {
        key: tuple(run and run.run_id for run in (each.trained, each.begun))
        for key, each in found.items()
    } == {"trained": (finished, again), "begun": (None, killed)}
    assert not leftovers.exists()
    assert (locks.folder / killed).is_dir()
