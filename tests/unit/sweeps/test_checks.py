"""What is checked of the runs of a sweep before the first of them trains."""

import pytest

from sweep.config.compose import load
from sweep.errors import UserError
from sweep.sweeps.checks import check_runs


def test_a_folder_that_no_dataset_of_a_sweep_reads_is_refused():
    configs = [load("dataset.root=x", f"seed={seed}") for seed in (0, 1)]
    with pytest.raises(UserError) as raised:
        check_runs(configs, lambda config: 0)
    assert str(raised.value) == (
        "dataset.root=x: dataset=mnist_5k reads no files from there; allowed is to leave it out, "
        "or a dataset that does, as in dataset=mnist"
    )
