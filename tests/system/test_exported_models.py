"""A model is exported, and served over HTTP, where there is no MXNet."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient
from record import new_record
from served import serving as serve

from sweep.commands.cli import run
from sweep.commands.export import export
from sweep.config.compose import load
from sweep.data.formats.mnist import read_packaged
from sweep.runs.execute import execute

onnxruntime = pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")

PROJECT = str(Path(__file__).parents[2])
TRAINED = ["model=mlp", "model.hidden=[16]", "dataset.val_size=3500", "epochs=1"]
QUICK = ["batch_size=50", "figures=false", "context=cpu"]
BYTES = np.rint(read_packaged().test_images[:5] * 255).astype(np.uint8)


@pytest.fixture(scope="module")
def without_mxnet(tmp_path_factory):
    """Variables with which ``import mxnet`` fails in a program, as if it were not installed."""
    folder = tmp_path_factory.mktemp("without")
    (folder / "sitecustomize.py").write_text("import sys\nsys.modules['mxnet'] = None\n")
    paths = [str(folder), PROJECT, os.environ.get("PYTHONPATH", "")]
    return {"PYTHONPATH": ":".join(each for each in paths if each)}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A network in the record of a folder, and as an ONNX file: the folder, and the run's id."""
    folder = tmp_path_factory.mktemp("exported")
    uri = new_record(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        overrides = [*TRAINED, *QUICK, f"tracking.uri={uri}"]
        execute(load(*overrides), overrides, lambda event: None)
        client = MlflowClient(uri)
        (found,) = client.search_runs([client.get_experiment_by_name("sweep").experiment_id])
        asked = ["--onnx", "net.onnx", "--with-scaling", "--with-softmax", "--mlflow"]
        assert run(export, [found.info.run_id, *asked, "--tracking-uri", uri]) == 0
    return folder, found.info.run_id, uri


def test_it_is_exported_without_mxnet(model, without_mxnet):
    folder, run_id, _ = model
    command = [sys.executable, "-m", "sweep", "export", run_id, "--onnx", "again.onnx"]
    done = subprocess.run(
        [*command, "--with-scaling", "--with-softmax"],
        cwd=folder,
        env={**os.environ, **without_mxnet},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(
        "Trying it with 1,000 test images of mnist_5k\n"
        "onnxruntime beside NumPy (not MXNet), 1,000 test images of mnist_5k: no "
    )
    assert (folder / "again.onnx").read_bytes() == (folder / "net.onnx").read_bytes()


def test_it_is_served_without_mxnet(model, without_mxnet):
    folder, run_id, uri = model
    variables = {**without_mxnet, "MLFLOW_TRACKING_URI": uri}
    with serve(f"runs:/{run_id}/onnx", folder, **variables) as post:
        status, text = post({"inputs": BYTES.tolist()})
    assert status == 200, text
    served = np.array(json.loads(text)["predictions"]["probabilities"], np.float32)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # as the served model has
    session = onnxruntime.InferenceSession(str(folder / "net.onnx"), options)
    (expected,) = session.run(["probabilities"], {"images": BYTES})
    np.testing.assert_array_equal(served, expected)
