import os

import pytest
from hydra.core.utils import JobStatus

pytest.importorskip("submitit")

from machine import job  # noqa: E402

from sweep.config.compose import load  # noqa: E402
from sweep.errors import UserError  # noqa: E402
from sweep.execution.capacity import QueueCapacity  # noqa: E402
from sweep.execution.slurm.jobs import SubmititExecutor  # noqa: E402
from sweep.execution.slurm.queue import PROGRAMS, check_slurm  # noqa: E402


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
