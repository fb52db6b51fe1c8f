"""A run of version 0.1.0 is trained again, and every bit is the same."""

import pytest
import version_0_1_0
from mlflow import MlflowClient
from workplace import Workplace

from sweep.environment import environment

MAKE = version_0_1_0.PROCESSOR.partition(",")[0]


def test_reproduce_finds_every_bit(tmp_path):
    if MAKE not in environment()["processor"]:
        pytest.skip(f"the record was made on a processor of another make: {MAKE}")
    version_0_1_0.unpack(tmp_path)
    workplace = Workplace(tmp_path)
    workplace.environment |= version_0_1_0.KERNELS
    client = MlflowClient(workplace.address)
    experiment = client.get_experiment_by_name("whole").experiment_id
    (run,) = client.search_runs([experiment])
    lines = workplace.run("reproduce", run.info.run_id)
    assert "11 of 11 metrics identical to the last bit" in lines
    assert lines[-1] == "Parameters: identical"
