"""Models of networks that are no graph: registered, loaded, asked, served without their folder."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient
from PIL import Image
from record import new_record
from served import serving

from sweep import own_modules
from sweep.commands.cli import run as run_command
from sweep.commands.predict import predict as command
from sweep.config.compose import load
from sweep.data.formats.mnist import read_packaged
from sweep.data.photographs.judgement import Judgement
from sweep.runs.execute import execute
from sweep.tracking import register

EAGER = """from mxnet import gluon
from mxnet.gluon import nn

from parts.layers import activation


class Net(gluon.Block):
    def __init__(self, classes, width):
        super().__init__()
        self.hidden, self.dense = nn.Dense(width), nn.Dense(classes)

    def forward(self, x):
        return self.dense(activation(self.hidden(x)))
"""
FOR_NUMPY = """from mxnet import np, npx
from mxnet.gluon import nn

from parts.layers import WIDTH
npx.set_np()


class Net(nn.HybridBlock):
    def __init__(self, classes):
        super().__init__()
        self.hidden, self.dense = nn.Dense(WIDTH), nn.Dense(classes)

    def hybrid_forward(self, F, x):
        return self.dense(F.np.tanh(self.hidden(x)))
"""
OF_PYTHON = """import mxnet as mx
from mxnet.gluon import nn


class Tanh(mx.operator.CustomOp):
    def forward(self, is_train, req, in_data, out_data, aux):
        self.assign(out_data[0], req[0], mx.nd.tanh(in_data[0]))

    def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
        self.assign(in_grad[0], req[0], out_grad[0] * (1 - out_data[0] ** 2))


@mx.operator.register("my_tanh")
class Properties(mx.operator.CustomOpProp):
    def create_operator(self, context, shapes, types):
        return Tanh()


class Net(nn.HybridBlock):
    def __init__(self, classes):
        super().__init__()
        self.hidden, self.dense = nn.Dense(9), nn.Dense(classes)

    def hybrid_forward(self, F, x):
        return self.dense(F.Custom(self.hidden(x), op_type="my_tanh"))
"""
LAYERS = """WIDTH = 12


def activation(x):
    from sklearn import utils

    return utils.check_array and x.tanh()
"""
GIVEN = ("model=custom", "dataset.val_size=3500", "epochs=2", "batch_size=50", "figures=false")
TARGETS = {
    "nets": ("model._target_=nets.Net", "+model.width=9", "dataset.normalize=standard"),
    "np_nets": ("model._target_=np_nets.Net",),
    "of_python": ("model._target_=of_python.Net",),
}
IMAGES = np.rint(read_packaged().test_images * 255).astype(np.uint8)
LABELS = read_packaged().test_labels


@pytest.fixture(scope="module")
def uri(tmp_path_factory):
    return new_record(tmp_path_factory.mktemp("own_models"))


@pytest.fixture(scope="module")
def runs(uri, tmp_path_factory):
    """A run of each network, whose files are then no longer what they were."""
    folder, found = tmp_path_factory.mktemp("nets"), {}
    (folder / "parts").mkdir()
    files = {"nets.py": EAGER, "np_nets.py": FOR_NUMPY, "of_python.py": OF_PYTHON}
    files["parts/layers.py"] = LAYERS
    for name, text in files.items():
        (folder / name).write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "path", [*sys.path])
        patch.setattr(sys, "dont_write_bytecode", sys.dont_write_bytecode)
        patch.setattr(own_modules, "_entered", [])
        before, client = {*sys.modules}, MlflowClient(uri)
        for name, target in TARGETS.items():
            given = (*GIVEN, *target, f"tracking.uri={uri}", f"tracking.experiment={name}")
            execute(load(*given), given, lambda event: None)
            number = client.get_experiment_by_name(name).experiment_id
            (found[name],) = client.search_runs([number])
        for name in {*sys.modules} - before:
            del sys.modules[name]
    for name in files:
        (folder / name).write_text("raise RuntimeError('the files of today take no part')\n")
    return found


STANDALONE = """
import sys
sys.modules["sweep"] = None  # as if it were not installed
import mlflow.pyfunc, numpy as np
models = [mlflow.pyfunc.load_model(each) for each in sys.argv[1:]]
for number, model in enumerate(models):
    model.predict(np.load("images.npy")).to_parquet(f"{number}.parquet")
import mxnet  # which the models have loaded
print(mxnet.util.is_np_array(), mxnet.util.is_np_shape(), "nets" in sys.modules)
"""


@pytest.fixture(scope="module")
def answers(uri, runs, tmp_path_factory):
    """What the models answer in a process that has neither this package nor the user's folder."""
    register(uri, runs["np_nets"].info.run_id, "own", {})
    folder = tmp_path_factory.mktemp("elsewhere")
    np.save(folder / "images.npy", IMAGES)
    of_runs = {name: f"runs:/{run.info.run_id}/model" for name, run in runs.items()}
    models = [*(of_runs | {"np_nets": "models:/own@champion"}).values()]
    done = subprocess.run(
        [sys.executable, "-c", STANDALONE, *models],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": "", "OMP_NUM_THREADS": "1", "MLFLOW_TRACKING_URI": uri},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (0, "False False False\n"), done.stderr
    return {name: pd.read_parquet(folder / f"{at}.parquet") for at, name in enumerate(TARGETS)}


@pytest.mark.parametrize("name", TARGETS)
def test_a_process_without_the_users_folder_measures_what_is_recorded(runs, answers, name):
    found = np.mean(answers[name]["class"] == LABELS)
    assert found == pytest.approx(runs[name].data.metrics["test/accuracy"], abs=1e-9)
    assert found > 0.5


@pytest.mark.parametrize("name", TARGETS)
def test_the_command_answers_the_same(uri, runs, answers, name, capsys):
    Image.fromarray(IMAGES[3, 0]).save("digit.png")
    run_id = runs[name].info.run_id
    assert run_command(command, [run_id, "digit.png", "--tracking-uri", uri]) == 0
    answer = answers[name].iloc[[3]]
    words = [line for line in capsys.readouterr().out.splitlines() if "digit.png" in line][0]
    (output,) = runs[name].outputs.model_outputs
    place = MlflowClient(uri).get_logged_model(output.model_id).artifact_location
    about = json.loads((Path(place.removeprefix("file://")) / "data/dataset.json").read_text())
    judgement = Judgement.of_plain(about["judgement"])
    probabilities = judgement.calibrated(answer.filter(like="probability_").to_numpy())
    assert words.split()[1:3] == [str(answer["class"].item()), f"{probabilities.max():.4f}"]


def test_a_source_that_cannot_be_run_here_gets_a_line(uri, runs, monkeypatch, capsys):
    Image.fromarray(IMAGES[3, 0]).save("digit.png")
    monkeypatch.setitem(sys.modules, "mxnet.gluon", None)
    run_id = runs["nets"].info.run_id
    assert run_command(command, [run_id, "digit.png", "--tracking-uri", uri]) == 2
    assert capsys.readouterr().err == (
        f"{run_id}: nets.Net cannot be run here: ModuleNotFoundError: import of mxnet.gluon "
        "halted; None in sys.modules; allowed is an environment with what its source imports\n"
    )


def test_its_requirements_have_what_the_source_imports(uri, runs):
    client = MlflowClient(uri)
    (output,) = runs["nets"].outputs.model_outputs
    place = client.get_logged_model(output.model_id).artifact_location
    lines = (Path(place.removeprefix("file://")) / "requirements.txt").read_text().split()
    names = [each.partition("==")[0] for each in lines]
    assert names == ["mlflow", "mxnet", "numpy", "pandas", "setuptools", "scikit-learn"]


@pytest.mark.nightly  # make test has servers in test_serving.py and test_exported_models.py
def test_a_server_answers_the_same(uri, runs, answers, tmp_path):
    model = f"runs:/{runs['np_nets'].info.run_id}/model"
    with serving(model, tmp_path, MLFLOW_TRACKING_URI=uri, OMP_NUM_THREADS="1") as post:
        status, text = post({"inputs": IMAGES[:20].tolist()})
        assert status == 200, text
    served = pd.DataFrame(json.loads(text)["predictions"])
    np.testing.assert_allclose(served, answers["np_nets"][:20], rtol=1e-5, atol=1e-6)
