import errno
import os
from types import SimpleNamespace

import pytest
from hydra.core.utils import JobStatus

pytest.importorskip("submitit")

from machine import job  # noqa: E402
from submitit.core import core  # noqa: E402

from sweep.config.compose import load  # noqa: E402
from sweep.errors import UserError  # noqa: E402
from sweep.execution.capacity import LocalCapacity, QueueCapacity  # noqa: E402
from sweep.execution.slurm import jobs, queue  # noqa: E402
from sweep.execution.slurm.jobs import SubmititExecutor  # noqa: E402
from sweep.execution.slurm.queue import LOOK_SECONDS, PROGRAMS, check_slurm  # noqa: E402


@pytest.mark.parametrize("missing", PROGRAMS)
def test_each_of_slurms_programs_is_needed(tmp_path, monkeypatch, missing):
    for name in set(PROGRAMS) - {missing}:
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    with pytest.raises(UserError) as refusal:
        check_slurm(load(), None)
    assert str(refusal.value) == (
        f"hydra/launcher=submitit_slurm: there is no {missing} here; the sweep has to be started "
        "on a machine from which SLURM takes jobs. hydra/launcher=submitit_local needs no SLURM"
    )


def test_a_job_whose_folder_cannot_be_made_has_failed_and_is_not_submitted(tmp_path):
    (tmp_path / "sweeps").write_text("in the place of the folder of all jobs")
    executor = SubmititExecutor("local", QueueCapacity(1), lambda config: {}, None)
    run = executor.start(job(0, 1), None)
    with pytest.raises(EOFError):
        while True:
            run.receive()
    result = run.wait()
    assert result.status == JobStatus.FAILED
    assert str(result._return_value) == (
        "could not be begun: NotADirectoryError: [Errno 20] Not a directory: 'sweeps/0'"
    )
    assert (result.working_dir, result.hydra_cfg) == (None, None)  # there is no log


def test_what_submitit_cannot_write_is_a_failure_of_that_run_alone(monkeypatch):
    def no_room(submission):
        raise OSError(errno.ENOSPC, "No space left on device", "a_submitted.pkl")

    monkeypatch.setattr(jobs, "create_executor", lambda *given: SimpleNamespace(submit=no_room))
    executor = SubmititExecutor("local", QueueCapacity(1), lambda config: {}, None)
    run = executor.start(job(0, 1), LocalCapacity(1, []).acquire(job(0, 1).config))
    with pytest.raises(EOFError):
        while True:
            run.receive()
    assert str(run.wait()._return_value) == (
        "could not be begun: OSError: [Errno 28] No space left on device: 'a_submitted.pkl'"
    )


def test_slurms_programs_on_a_disk_that_is_away_are_no_end_of_its_jobs(monkeypatch):
    def away(*command, **options):
        raise OSError(errno.ESTALE, "Stale file handle")

    monkeypatch.setattr(queue.subprocess, "run", away)
    with pytest.raises(UserError) as refusal:
        queue.ask_slurm(queue.QUEUE)
    assert str(refusal.value) == (
        "hydra/launcher=submitit_slurm: squeue cannot be started: Stale file handle"
    )
    watcher = queue.Queue(delay_s=1)
    watcher.register_job("7_0")
    watcher.update()  # a job that it lost would have ended
    assert not watcher.is_done("7_0", mode="cache")


@pytest.mark.parametrize(("mode", "seconds"), [("standard", LOOK_SECONDS + 1), ("force", 0)])
def test_jobs_are_looked_after_though_the_clock_was_set_back(monkeypatch, mode, seconds):
    now = {"time": 1_800_000_000.0, "monotonic": 500.0}
    clocks = SimpleNamespace(time=lambda: now["time"], monotonic=lambda: now["monotonic"])
    looks = []
    monkeypatch.setattr(core, "_time", clocks)
    monkeypatch.setattr(queue, "time", clocks)
    monkeypatch.setattr(queue, "ask_slurm", lambda command: looks.append(command) or "7 RUNNING\n")
    watcher = queue.Queue(delay_s=LOOK_SECONDS)
    watcher.register_job("7")
    assert not watcher.is_done("7") and not watcher.is_done("7")
    assert len(looks) == 1  # not again so soon
    now["time"] -= 3600
    now["monotonic"] += seconds
    assert watcher.get_state("7", mode=mode) == "RUNNING"
    assert len(looks) == 2


def test_a_new_job_is_looked_after_often_at_first(monkeypatch):
    now, looks = 500.0, []
    monkeypatch.setattr(queue, "time", SimpleNamespace(monotonic=lambda: now))
    monkeypatch.setattr(queue, "ask_slurm", lambda command: looks.append(now) or "7 PENDING\n")
    watcher = queue.Queue(delay_s=LOOK_SECONDS)
    watcher.register_job("7")
    for second in range(60):
        now = 500.0 + second
        watcher.is_done("7")
    waits = [later - earlier for earlier, later in zip(looks, looks[1:], strict=False)]
    assert waits[0] == 3 and waits == sorted(waits) and waits[-1] == LOOK_SECONDS + 1
