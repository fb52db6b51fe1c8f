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
from sweep.runs.unstarted import PlannedRun

OVERRIDES = ["seed=3", "tracking.experiment=x"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return Place(tmp_path_factory.mktemp("unstarted"))


@pytest.fixture
def planned(place, request):
    """A run of a sweep, which has a record in an experiment of its own."""
    config = place.config(request.node.name, *OVERRIDES[:1])
    tracker = tracking.Tracker(place.uri, request.node.name)
    with tracker.open_run("the sweep", {}, {tracking.KIND: tracking.SWEEP}, None) as sweep:
        pass
    return PlannedRun(
        config=config,
        overrides=OVERRIDES,
        fingerprint="0123456789abcdef",
        dataset=load_dataset(config.dataset),
        tracker=tracker,
        locks=RunLocks(Path(config.checkpoint_dir)),
        membership=Membership(sweep.run_id, "a study", 7),
    )


def recorded(planned):
    found = planned.tracker.runs_of(planned.membership.sweep_id)
    return sorted((each.status, each.tags.get("failure_reason")) for each in found)


def test_it_is_recorded_with_all_that_a_run_has_and_the_reason(place, planned):
    planned.record_failure(RunFailed("there is no folder"))
    (run,) = planned.tracker.runs_of(planned.membership.sweep_id)
    assert (run.status, run.name) == ("FAILED", "seed=3 mlp relu mnist_5k")
    assert run.params == params(planned.config)
    assert run.fingerprint == planned.fingerprint
    assert run.folder_id == planned.locks.folder_id
    assert run.tags["failure_reason"] == "there is no folder"
    assert (run.tags["search.study"], run.tags["search.trial"]) == ("a study", "7")
    assert run.tags["dataset.digest"] == planned.dataset.digest
    kept = tracking.read_record(place.uri, run.run_id)
    assert "seed: 3\n" in kept.config


def test_the_same_run_fails_again_in_the_same_record(planned):
    planned.record_failure(RunFailed("once"))
    planned.record_failure(ValueError("twice"))
    assert recorded(planned) == [("FAILED", "ValueError: twice")]


def test_what_its_own_code_has_recorded_is_not_recorded_again(planned):
    tags = {tracking.FINGERPRINT: planned.fingerprint, tracking.KIND: tracking.RUN}
    tags[tracking.FOLDER] = planned.locks.folder_id
    with pytest.raises(RunFailed):
        with planned.tracker.open_run("its own", {}, tags, planned.membership.sweep_id):
            raise RunFailed("diverged")
    planned.record_failure(RunFailed("diverged"))
    (run,) = planned.tracker.runs_of(planned.membership.sweep_id)
    assert (run.name, run.tags["failure_reason"]) == ("its own", "diverged")


def test_what_is_trained_elsewhere_at_this_moment_or_before_has_not_failed(planned):
    elsewhere = RunLocks(planned.locks.folder)
    with elsewhere.hold(planned.fingerprint, waiting=lambda: None):
        planned.record_failure(RunFailed("not told"))
    assert recorded(planned) == []
    tags = {tracking.FINGERPRINT: planned.fingerprint, tracking.KIND: tracking.RUN}
    with planned.tracker.open_run("trained", {}, tags, planned.membership.sweep_id):
        pass
    planned.record_failure(RunFailed("not told"))
    assert recorded(planned) == [("FINISHED", None)]


def test_what_cannot_be_recorded_stops_nothing(planned, monkeypatch, tmp_path):
    warned = []
    monkeypatch.setattr(unstarted.log, "warning", lambda text, *words: warned.append(text % words))
    tracker = tracking.Tracker(new_record(tmp_path), "gone")
    (tmp_path / "mlflow.db").write_bytes(b"no database")
    replace(planned, tracker=tracker).record_failure(RunFailed("lost"))
    (warning,) = warned
    assert warning.startswith("the failure of a run could not be recorded: ")
