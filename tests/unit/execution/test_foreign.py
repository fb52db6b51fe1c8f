"""Launchers of other packages: what they cannot do is refused, and what fails is recorded."""

import pytest
from hydra._internal.callbacks import Callbacks
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_search_path_impl import ConfigSearchPathImpl
from hydra.core.utils import JobReturn, JobStatus
from hydra.types import HydraContext
from omegaconf import OmegaConf

from sweep.config.compose import load
from sweep.errors import UserError
from sweep.execution.foreign import ForeignLauncher
from sweep.execution.job import Job


@pytest.fixture
def basic():
    choices = {"runtime": {"choices": {"hydra/launcher": "basic"}}}
    return ForeignLauncher(None, OmegaConf.create({"hydra": choices}))


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        (
            ["threads_per_run=1", "threads_per_run=2"],
            "threads_per_run=1,2: cannot be swept over with hydra/launcher=basic, which trains "
            "several runs in one process, where MXNet's threads cannot change; allowed launchers: "
            "local, ray, submitit_local, submitit_slurm",
        ),
        (
            ["run_timeout=1.5"],
            "run_timeout=1.5: hydra/launcher=basic cannot stop a run that takes too long; allowed "
            "is null, or one of the launchers local, ray, submitit_local, submitit_slurm",
        ),
        (
            ["on_failure=stop"],
            "on_failure=stop: hydra/launcher=basic cannot stop runs; allowed is continue, or one "
            "of the launchers local, ray, submitit_local, submitit_slurm",
        ),
    ],
)
def test_what_takes_a_fresh_process_for_each_run_is_refused(basic, runs, message):
    with pytest.raises(UserError) as refusal:
        basic.check([load(each) for each in runs])
    assert str(refusal.value) == message


def test_nobody_watches_the_runs_of_other_launchers(basic):
    with pytest.raises(UserError) as refusal:
        basic.check([load("stall_timeout=60")])
    assert str(refusal.value) == (
        "stall_timeout=60: hydra/launcher=basic cannot end a run that hangs; allowed is auto, or "
        "one of the launchers local, ray, submitit_local, submitit_slurm"
    )


@pytest.mark.parametrize("value", ["auto", "null"])
def test_what_asks_for_nothing_is_allowed(basic, value):
    basic.check([load(f"stall_timeout={value}")])


class Launcher:
    """Stands in for one of Hydra's: does nothing, and says of each job what it was told to."""

    def __init__(self, *ends):
        self.hydra_context = HydraContext(ConfigLoaderImpl(ConfigSearchPathImpl()), Callbacks())
        self.ends, self.launched = ends, []

    def launch(self, overrides, initial_job_idx):
        self.launched.append((initial_job_idx, list(overrides)))
        return self.ends


@pytest.fixture
def failed():
    """The numbers of the jobs that were recorded as failed, with the reason."""
    return []


def job(number, name, folder, failed):
    hydra = {
        "sweep": {"dir": str(folder), "subdir": f"{name}-${{hydra.job.num}}"},
        "job": {"num": number, "id": str(number)},
        "overrides": {"task": [f"seed={number}"]},
    }
    return Job(
        number=number,
        overrides=(f"seed={number}",),
        compose=lambda: OmegaConf.create({"hydra": hydra}),
        config=None,
        record_failure=lambda error: failed.append((number, str(error))),
    )


def foreign(launcher):
    choices = {"runtime": {"choices": {"hydra/launcher": "basic"}}}
    return ForeignLauncher(launcher, OmegaConf.create({"hydra": choices}))


def test_a_run_whose_folder_cannot_be_made_fails_alone_and_is_recorded(tmp_path, failed):
    launcher = Launcher(JobReturn(status=JobStatus.COMPLETED, _return_value=0.5))
    jobs = [job(4, "n" * 300, tmp_path, failed), job(7, "short", tmp_path, failed)]
    first, second = foreign(launcher).train(None, jobs)
    assert launcher.launched == [(0, [("seed=7",)])]
    assert (tmp_path / "short-0").is_dir()  # as the launcher numbers it
    assert (second.status, second.return_value) == (JobStatus.COMPLETED, 0.5)
    assert (first.status, first.overrides) == (JobStatus.FAILED, ["seed=4"])
    ((number, reason),) = failed
    assert number == 4
    assert reason.startswith("could not be begun: OSError: [Errno 36] File name too long: '")
    assert str(first._return_value) == reason


def test_nothing_is_launched_where_no_folder_can_be_made(tmp_path, failed):
    launcher = Launcher()
    (only,) = foreign(launcher).train(None, [job(0, "n" * 300, tmp_path, failed)])
    assert (only.status, launcher.launched) == (JobStatus.FAILED, [])


def test_what_failed_is_given_to_be_recorded(tmp_path, failed):
    wrong = JobReturn(status=JobStatus.FAILED, _return_value=UserError("no such device"))
    right = JobReturn(status=JobStatus.COMPLETED, _return_value=0.5)
    foreign(Launcher(right, wrong)).train(None, [job(n, "r", tmp_path, failed) for n in (0, 1)])
    assert failed == [(1, "no such device")]
