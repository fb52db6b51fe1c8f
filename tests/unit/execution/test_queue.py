import os

import pytest

pytest.importorskip("submitit")

from sweep.config.compose import load  # noqa: E402
from sweep.errors import UserError  # noqa: E402
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
