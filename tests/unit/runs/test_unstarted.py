"""A run that failed before its own code could record it is recorded by its sweep."""

from dataclasses import replace
from pathlib import Path

import pytest
from executions import Place
from record import new_record

from sweep import tracking
from sweep.config.params import params
from sweep.data.splits import load_dataset
from sweep.errors import RunFailed
from sweep.runs import unstarted
from sweep.runs.locks import RunLocks
from sweep.runs.membership import Membership
from sweep.runs.unstarted import UnstartedRun

OVERRIDES = ["seed=3", "tracking.experiment=x"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return Place(tmp_path_factory.mktemp("unstarted"))


@pytest.fixture
def not_started(place, request):
    """A run of a sweep, which has a record in an experiment of its own."""
    config = place.config(request.node.name, *OVERRIDES[:1])
    tracker = tracking.Tracker(place.uri, request.node.name)
    with tracker.open_run("the sweep", {}, {tracking.KIND: tracking.SWEEP}, None) as sweep:
        pass
    return UnstartedRun(
        config=config,
        overrides=OVERRIDES,
        fingerprint="0123456789abcdef",
        dataset=load_dataset(config.dataset),
        tracker=tracker,
        locks=RunLocks(Path(config.checkpoint_dir)),
        membership=Membership(sweep.run_id, "a study", 7),
    )


def recorded(not_started):
    found = not_started.tracker.runs_of(not_started.membership.sweep_id)
    return sorted((each.status, each.tags.get("failure_reason")) for each in found)


def test_it_is_recorded_with_all_that_a_run_has_and_the_reason(place, not_started):
    not_started.record_failure(RunFailed("there is no folder"))
    (run,) = not_started.tracker.runs_of(not_started.membership.sweep_id)
    assert (run.status, run.name) == ("FAILED", "seed=3 mlp relu mnist_5k")
    assert run.params == params(not_started.config)
    assert run.fingerprint == not_started.fingerprint
    assert run.folder_id == not_started.locks.folder_id
    assert run.tags["failure_reason"] == "there is no folder"
    assert (run.tags["search.study"], run.tags["search.trial"]) == ("a study", "7")
    assert run.tags["dataset.digest"] == not_started.dataset.digest
    kept = tracking.read_record(place.uri, run.run_id)
    assert "seed: 3\n" in kept.config


def test_the_same_run_fails_again_in_the_same_record(not_started):
    not_started.record_failure(RunFailed("once"))
    not_started.record_failure(ValueError("twice"))
    assert recorded(not_started) == [("FAILED", "ValueError: twice")]


def test_what_its_own_code_has_recorded_is_not_recorded_again(not_started):
    tags = {tracking.FINGERPRINT: not_started.fingerprint, tracking.KIND: tracking.RUN}
    tags[tracking.FOLDER] = not_started.locks.folder_id
    with pytest.raises(RunFailed):
        with not_started.tracker.open_run("its own", {}, tags, not_started.membership.sweep_id):
            raise RunFailed("diverged")
    not_started.record_failure(RunFailed("diverged"))
    (run,) = not_started.tracker.runs_of(not_started.membership.sweep_id)
    assert (run.name, run.tags["failure_reason"]) == ("its own", "diverged")


def test_what_is_trained_elsewhere_at_this_moment_or_before_has_not_failed(not_started):
    elsewhere = RunLocks(not_started.locks.folder)
    with elsewhere.hold(not_started.fingerprint, waiting=lambda: None):
        not_started.record_failure(RunFailed("not told"))
    assert recorded(not_started) == []
    tags = {tracking.FINGERPRINT: not_started.fingerprint, tracking.KIND: tracking.RUN}
    with not_started.tracker.open_run("trained", {}, tags, not_started.membership.sweep_id):
        pass
    not_started.record_failure(RunFailed("not told"))
    assert recorded(not_started) == [("FINISHED", None)]


def test_what_cannot_be_recorded_stops_nothing(not_started, monkeypatch, tmp_path):
    warned = []
    monkeypatch.setattr(unstarted.log, "warning", lambda text, *words: warned.append(text % words))
    tracker = tracking.Tracker(new_record(tmp_path), "gone")
    (tmp_path / "mlflow.db").write_bytes(b"no database")
    replace(not_started, tracker=tracker).record_failure(RunFailed("lost"))
    (warning,) = warned
    assert warning.startswith("the failure of a run could not be recorded: ")
