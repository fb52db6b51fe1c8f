"""What a sweep trains, and what it records of itself, with a launcher that trains nothing."""

import json
import re
from pathlib import Path

import pytest
from hydra.core.utils import JobReturn, JobStatus
from mlflow import MlflowClient
from omegaconf import OmegaConf
from record import new_record

from sweep import tracking
from sweep.config.compose import load
from sweep.config.fingerprint import fingerprint
from sweep.config.params import params
from sweep.data.splits import load_dataset
from sweep.errors import RunFailed, UserError
from sweep.execution.job import Job
from sweep.results import runs as results
from sweep.runs.locks import RunLocks
from sweep.runs.membership import membership_of
from sweep.sweeps.added import MoreRuns
from sweep.sweeps.grid import sweep


class Launcher:
    """Records runs as if they had been trained; calls another function then.

    Runs of some seeds fail. At another one, it is interrupted, and its run left without a process.
    """

    may_fork = True

    def __init__(self, uri, experiment, fails=(), interrupted_at=None, then=lambda: None):
        self.tracker = tracking.Tracker(uri, experiment)
        self.fails, self.interrupted_at, self.then = fails, interrupted_at, then
        self.launched = []

    def count_gpus(self, config):
        return 0

    def check_mxnet(self, config):
        pass

    def train(self, config, jobs, source=None, steering=None):
        results = []
        for job in jobs:
            self.launched.append((job.number, job.overrides))
            results.append(
                self.train_one(job.config, membership_of(job.composed.hydra.job.env_set))
            )
        self.then()
        return results

    def train_one(self, config, membership):
        locks = RunLocks(Path(config.checkpoint_dir))
        tags = {
            tracking.KIND: tracking.RUN,
            tracking.FINGERPRINT: fingerprint(config, load_dataset(config.dataset).digest),
            tracking.FOLDER: locks.folder_id,
        }
        if config.seed == self.interrupted_at:
            self.tracker._client.create_run(self.tracker._experiment_id, tags=tags)
            raise KeyboardInterrupt
        try:
            with self.tracker.open_run("run", params(config), tags, membership.sweep_id) as record:
                if config.seed in self.fails:
                    raise RunFailed("because")
                record.log_metrics({"val/accuracy": 0.5}, 1)
        except RunFailed as error:
            return JobReturn([], status=JobStatus.FAILED, _return_value=error)
        return JobReturn(status=JobStatus.COMPLETED, _return_value=0.5)


def planned(number, overrides, config):
    composed = OmegaConf.create({"context": "cpu", "hydra": {"job": {"env_set": {}}}})
    return Job(number, (overrides,), lambda: composed, config, cost=1)


class Place:
    def __init__(self, folder, experiment):
        self.folder, self.experiment = folder, experiment
        self.uri = new_record(folder)
        self.client = MlflowClient(self.uri)

    def sweep(self, *combinations, **options):
        """Sweep over these overrides; return what was launched, and what was raised."""
        where = (f"tracking.uri={self.uri}", f"tracking.experiment={self.experiment}")
        where += (f"checkpoint_dir={self.folder}/checkpoints", "context=cpu", "figures=false")
        jobs = [
            planned(number, each, load(*each.split(), *where))
            for number, each in enumerate(combinations)
        ]
        launcher, error = Launcher(self.uri, self.experiment, **options), None
        try:
            sweep(jobs, [" ".join(combinations)], launcher, None)
        except (KeyboardInterrupt, RunFailed) as raised:
            error = raised
        return launcher.launched, error

    def recorded(self, kind):
        number = self.client.get_experiment_by_name(self.experiment).experiment_id
        found = self.client.search_runs([number], order_by=["attributes.start_time ASC"])
        return [run for run in found if run.data.tags["sweep.kind"] == kind]

    def found(self, run):
        """Return the ids that the sweep keeps of others' runs, None if it keeps none."""
        if "found.json" not in {each.path for each in self.client.list_artifacts(run.info.run_id)}:
            return None
        file = self.client.download_artifacts(run.info.run_id, "found.json")
        return set(json.loads(Path(file).read_text()))


def ids(runs):
    return {run.info.run_id for run in runs}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("sweeps")


@pytest.fixture
def place(folder, request):
    return Place(folder, re.sub(r"\W", "_", request.node.name))


def test_all_are_launched_in_their_order_with_their_numbers(place):
    launched, error = place.sweep("seed=3", "seed=1", "seed=2")
    assert launched == [(0, ("seed=3",)), (1, ("seed=1",)), (2, ("seed=2",))]
    (parent,) = place.recorded("sweep")
    assert (parent.info.status, error) == ("FINISHED", None)
    assert parent.info.run_name == "seed=3 seed=1 seed=2"
    assert {r.data.tags["mlflow.parentRunId"] for r in place.recorded("run")} == ids([parent])
    assert place.found(parent) is None


def test_the_first_of_those_that_are_the_same_is_trained(place, capsys):
    launched, _ = place.sweep("seed=0", "seed=1", "seed=0 n_jobs=null", "seed=2", "seed=1")
    assert [number for number, _ in launched] == [0, 1, 3]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "5 runs:"
    assert "  2 the same as others, and trained once" in lines


def test_the_same_sweep_again_trains_nothing(place, capsys):
    place.sweep("seed=0", "seed=1")
    (parent,) = place.recorded("sweep")
    capsys.readouterr()
    assert place.sweep("seed=1", "seed=0") == ([], None)  # in whatever order
    (again,) = place.recorded("sweep")
    assert again.to_dictionary() == parent.to_dictionary()
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert "2 trained already, found in the record (rerun=true trains again)" in lines
    assert [line for line in lines if line.startswith("Leaderboard: by val/accuracy")]


def test_the_same_sweep_again_goes_on_with_what_was_added_and_killed(place, capsys, monkeypatch):
    place.sweep("seed=0")
    (parent,) = place.recorded("sweep")
    asked = []
    monkeypatch.setattr(MoreRuns, "again", lambda self, added: asked.extend(added) or [])
    tags = {"sweep.kind": "run", "mlflow.parentRunId": parent.info.run_id}
    killed = place.client.create_run(parent.info.experiment_id, tags=tags).info.run_id
    place.client.set_terminated(killed, "KILLED")
    place.sweep("seed=0")
    assert asked == []  # what was killed was not added
    place.client.log_text(parent.info.run_id, '[["seed=7"]]', "added.json")
    place.sweep("seed=0")
    assert asked == [["seed=7"]]
    place.client.update_run(killed, "FINISHED")
    place.sweep("seed=0")
    assert asked == [["seed=7"]]


def test_what_was_added_is_planned_behind_the_sweeps_own_runs(place, monkeypatch):
    def again(self, added):
        self._plans.add(1, [tracking.PlannedRun("7" * 16, "added", 1.0)])
        return []

    place.sweep("seed=0", "seed=1", "seed=2", interrupted_at=1)
    monkeypatch.setattr(MoreRuns, "again", again)
    place.sweep("seed=0", "seed=1", "seed=2")
    (parent,) = place.recorded("sweep")
    planned = tracking.read_planned(place.uri, parent.info.run_id)
    own = [fingerprint_of(seed) for seed in (1, 2)]
    assert [each.fingerprint for each in planned.runs] == [*own, "7" * 16]
    assert planned.in_all == 4


def fingerprint_of(seed):
    config = load(f"seed={seed}", "context=cpu")
    return fingerprint(config, load_dataset(config.dataset).digest)


def test_a_sweep_with_more_trains_what_is_new_and_keeps_what_was_found(place):
    place.sweep("seed=0", "seed=1")
    before = ids(place.recorded("run"))
    launched, _ = place.sweep("seed=0", "seed=2", "seed=1")
    assert launched == [(1, ("seed=2",))]
    first, second = place.recorded("sweep")
    assert place.found(first) is None
    assert place.found(second) == before
    assert len(place.recorded("run")) == 3


def test_a_sweep_of_which_all_is_trained_elsewhere_is_recorded(place):
    place.sweep("seed=0", "seed=1", "seed=2")
    assert place.sweep("seed=0", "seed=2") == ([], None)
    _, second = place.recorded("sweep")
    assert second.info.status == "FINISHED"
    assert len(place.found(second)) == 2


def test_what_is_asked_for_again_is_trained_again(place):
    place.sweep("seed=0", "seed=1")
    launched, _ = place.sweep("seed=0 rerun=true", "seed=1 rerun=true")
    assert len(launched) == 2
    first, second = place.recorded("sweep")
    assert len(place.recorded("run")) == 4
    assert place.found(second) is None


def test_what_fails_when_it_is_trained_again_is_not_taken_from_the_past(place):
    place.sweep("seed=0", "seed=1")
    place.sweep("seed=0 rerun=true", "seed=1 rerun=true", fails=[1])
    _, second = place.recorded("sweep")
    assert place.found(second) is None


@pytest.mark.parametrize(
    ("trouble", "status", "left"),
    [({"fails": [1]}, "FAILED", [1]), ({"interrupted_at": 1}, "KILLED", [1, 2])],
)
def test_a_sweep_goes_on_below_the_same_parent(place, trouble, status, left):
    combinations = ("seed=0", "seed=1", "seed=2")
    _, error = place.sweep(*combinations, **trouble)
    (parent,) = place.recorded("sweep")
    assert parent.info.status == status
    assert str(error) == ("1 of 3 runs failed" if status == "FAILED" else "")
    launched, error = place.sweep(*combinations)
    assert ([number for number, _ in launched], error) == (left, None)
    (again,) = place.recorded("sweep")
    assert again.info.run_id == parent.info.run_id
    assert (again.info.status, "failure_reason" in again.data.tags) == ("FINISHED", False)
    finished = [run for run in place.recorded("run") if run.info.status == "FINISHED"]
    assert {run.data.tags["mlflow.parentRunId"] for run in finished} == ids([parent])
    assert len(finished) == 3


def test_a_sweep_whose_twin_goes_on_is_another_one(place):
    combinations, inner = ("seed=0", "seed=1"), []
    place.sweep(*combinations, then=lambda: inner.append(place.sweep(*combinations)))
    assert inner == [([], None)]
    one, other = place.recorded("sweep")
    assert one.info.status == other.info.status == "FINISHED"
    assert len(place.recorded("run")) == 2
    assert place.found(one) is None
    assert place.found(other) == ids(place.recorded("run"))


def test_a_run_without_a_process_is_closed_when_its_sweep_is_interrupted(place):
    _, error = place.sweep("seed=0", "seed=1", interrupted_at=1)
    assert isinstance(error, KeyboardInterrupt)
    finished, left = place.recorded("run")
    assert (finished.info.status, left.info.status) == ("FINISHED", "KILLED")
    assert left.data.tags["failure_reason"] == "its process ended without closing it"


def test_the_record_is_read_once_at_the_end(place, monkeypatch):
    read, asked = results.recorded_runs, []

    def counted(*arguments):
        asked.append(arguments)
        return read(*arguments)

    monkeypatch.setattr(results, "recorded_runs", counted)
    place.sweep("seed=1", "seed=2")
    (parent,) = place.recorded("sweep")
    assert asked == [(place.uri, place.experiment, parent.info.run_id)]


@pytest.mark.parametrize("name", ["planned.json", "found.json"])
def test_artifacts_that_cannot_be_kept_are_a_users_error(place, monkeypatch, name):
    """As where their address needs a package that is not installed."""
    place.sweep("seed=0")
    log_text = MlflowClient.log_text

    def refuse(self, run_id, text, path):
        if path == name:
            raise ModuleNotFoundError("No module named 'boto3'")
        log_text(self, run_id, text, path)

    monkeypatch.setattr(MlflowClient, "log_text", refuse)
    with pytest.raises(UserError) as refusal:
        place.sweep("seed=0", "seed=1")
    assert str(refusal.value).startswith(f"tracking.uri={place.uri}: cannot be used; allowed: ")
    assert str(refusal.value).endswith("ModuleNotFoundError: No module named 'boto3'")
    *_, parent = place.recorded("sweep")
    assert parent.info.status == "FAILED"


def test_a_damaged_list_of_what_others_trained_leaves_the_rest_readable(place):
    place.sweep("seed=0")
    place.sweep("seed=0", "seed=1")
    _, parent = place.recorded("sweep")
    tracker = tracking.Tracker(place.uri, place.experiment)
    file = tracker.artifact_file(parent.info.run_id, "found.json")
    file.write_text(file.read_text()[:9])
    table = tracking.read_runs(place.uri, place.experiment, parent.info.run_id)
    assert [*table["params.seed"]] == ["1"]
