"""The same seed gives the same bits, however a run is started and whatever runs beside it."""

import json
import subprocess
import sys
from pathlib import Path

import epochwise
import numpy as np
import pytest
from kept_parameters import kept_file
from workplace import CURVES, Workplace

from sweep.backend.mxnet import nd

# A LeNet with channels that are padded, but a quarter of the usual one's work.
LITTLE = """
defaults: [lenet]
channels: [12, 30]
hidden: [40]
"""
COMMON = ("--config-dir=conf", "dataset.val_size=2500", "epochs=2", "batch_size=50")
COMMON += ("figures=false",)
GRID = ("model=mlp,little", "model.activation=tanh,relu")
LAUNCHERS = {
    "three_at_once": ("n_jobs=3",),
    "basic": ("hydra/launcher=basic",),
    "joblib": ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2"),
}


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    workplace = Workplace(tmp_path_factory.mktemp("bits"))
    preset = workplace.folder / "conf" / "model" / "little.yaml"
    preset.parent.mkdir(parents=True)
    preset.write_text(LITTLE)
    return workplace


def results(workplace, experiment):
    """Return the curves and the parameters of each run, by its network and activation."""
    found = {}
    for run in workplace.runs(experiment)[1]:
        assert run.info.status == "FINISHED"
        file = kept_file(workplace.client, run.info.run_id, workplace.folder)
        arrays = {key: each.asnumpy() for key, each in nd.load(file).items()}
        key = run.data.params["model.name"], run.data.params["model.activation"]
        assert key not in found
        found[key] = workplace.curves(run), arrays
    return found


def assert_same(found, expected):
    (curves, arrays), (expected_curves, expected_arrays) = found, expected
    assert curves == expected_curves
    assert list(arrays) == list(expected_arrays)
    for key, value in expected_arrays.items():
        np.testing.assert_array_equal(arrays[key].view(np.int32), value.view(np.int32), key)


@pytest.fixture(scope="module")
def expected(workplace):
    """What the runs give as they are usually launched: as many at once as there are cores."""
    workplace.run(*COMMON, *GRID, "tracking.experiment=usual", "--multirun")
    return results(workplace, "usual")


def test_what_is_compared_has_been_trained(expected):
    assert set(expected) == {
        (model, activation) for model in ("mlp", "lenet") for activation in ("tanh", "relu")
    }
    for (model, _), (curves, arrays) in expected.items():
        assert [len(curves[key]) for key in CURVES] == [2, 2, 2, 2, 1, 1]
        assert len(arrays) == {"mlp": 6, "lenet": 8}[model]
    losses = [curves["train/loss"] for curves, _ in expected.values()]
    assert len({str(each) for each in losses}) == 4


@pytest.mark.parametrize(
    "launcher",
    # make test compares basic's in test_cli.py
    ["three_at_once", pytest.param("basic", marks=pytest.mark.nightly), "joblib"],
)
def test_a_sweep_gives_the_same_otherwise_launched(workplace, expected, launcher):
    options = (*LAUNCHERS[launcher], f"tracking.experiment={launcher}", "--multirun")
    workplace.run(*COMMON, *GRID, *options)
    found = results(workplace, launcher)
    assert set(found) == set(expected)
    for key, each in found.items():
        assert_same(each, expected[key])


@pytest.mark.parametrize(("model", "activation"), [("mlp", "relu"), ("little", "tanh")])
def test_a_run_alone_gives_the_same(workplace, expected, model, activation):
    options = (f"model={model}", f"model.activation={activation}")
    workplace.run(*COMMON, *options, f"tracking.experiment={model}_alone")
    ((key, found),) = results(workplace, f"{model}_alone").items()
    assert key == ({"little": "lenet"}.get(model, model), activation)
    assert_same(found, expected[key])


SIGNATURES = """
import json, sys
sys.path.insert(0, sys.argv[1])
from epochwise import signatures
print(json.dumps(signatures()))
"""


def test_fresh_processes_give_the_same_bits():
    folder = str(Path(epochwise.__file__).parent)
    command = [sys.executable, "-c", SIGNATURES, folder]
    fresh = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    here = epochwise.signatures()
    for process in fresh:  # both at once, as in a sweep on two cores
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        assert json.loads(output) == here
