import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
import yaml
from kept_parameters import kept_file
from mlflow import MlflowClient
from mlflow.entities import LoggedModelStatus
from mlflow.models import Model, validate_schema
from record import new_record
from served import serving as serve

from sweep.backend.mxnet import mx, nd
from sweep.carried import serving
from sweep.carried.serving import Interface
from sweep.config.compose import load
from sweep.data.formats.mnist import DIGITS, FashionMnist, read_packaged
from sweep.networks.build import build_network
from sweep.runs.execute import execute

GREY_28 = (1, 28, 28)
MNIST_5K = Interface("mnist_5k", GREY_28, DIGITS)
FEW = ("dataset.val_size=3500", "epochs=1", "batch_size=50", "figures=false", "context=cpu")
OVERRIDES = {
    "mlp": ["model=mlp", "model.hidden=[16]", *FEW],
    "lenet": ["model=lenet", "model.hidden=[16]", *FEW],
}
FILES = {
    "MLmodel",
    "code/gluon_sweep_model/mxnet_import.py",
    "code/gluon_sweep_model/serving.py",
    "data/dataset.json",
    "data/net-0000.params",
    "data/net-symbol.json",
    "input_example.json",
    "python_env.yaml",
    "requirements.txt",
    "serving_input_example.json",
}
PROBABILITIES = [f"probability_{each}" for each in range(10)]


def test_images():
    """Return the 1,000 test images as the dataset has them, and as uint8."""
    images = read_packaged().test_images[:, 0]
    return images, np.rint(images * 255).astype(np.uint8)


test_images.__test__ = False
IMAGES, BYTES = test_images()


def answers(net, images):
    """Return what a network in this process answers to images, all in one batch."""
    scores = net(nd.array(images.reshape(-1, 1, 28, 28)))
    return scores.asnumpy().argmax(axis=1), nd.softmax(scores).asnumpy()


def assert_same_answers(table, expected):
    classes, probabilities = expected
    assert table["class"].tolist() == classes.tolist()
    assert table[PROBABILITIES].to_numpy().tobytes() == probabilities.tobytes()


@pytest.fixture(scope="module")
def uri(tmp_path_factory):
    return new_record(tmp_path_factory.mktemp("serving"))


@pytest.fixture(scope="module")
def client(uri):
    return MlflowClient(uri)


def only_run(client, experiment):
    (run,) = client.search_runs([client.get_experiment_by_name(experiment).experiment_id])
    return run


@pytest.fixture(scope="module")
def trained(uri, client, tmp_path_factory):
    """Two finished runs, and the network of each from its recorded parameters."""
    runs, nets = {}, {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("runs"))
        patch.setenv("MLFLOW_TRACKING_URI", uri)
        for name, overrides in OVERRIDES.items():
            config = load(*overrides, f"tracking.experiment={name}")
            execute(config, overrides, lambda event: None)
            runs[name] = only_run(client, name)
            nets[name] = build_network(config.model, GREY_28, 10, seed=9, context=mx.cpu())
            file = kept_file(client, runs[name].info.run_id)
            nets[name].load_parameters(file)
    return runs, nets


@pytest.fixture(autouse=True)
def _tracked(uri):
    """MLflow finds the models, in this process and in those that it starts."""
    mlflow.set_tracking_uri(uri)


@pytest.fixture(scope="module")
def loaded(trained, uri):
    """What MLflow loads of each run."""
    mlflow.set_tracking_uri(uri)
    models = {
        name: mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/model")
        for name, run in trained[0].items()
    }
    mlflow.set_tracking_uri(None)
    return models


@pytest.fixture(scope="module")
def folder(trained, uri, tmp_path_factory):
    """The files of the LeNet's model."""
    (output,) = trained[0]["lenet"].outputs.model_outputs
    target = str(tmp_path_factory.mktemp("model"))
    mlflow.set_tracking_uri(uri)
    fetched = mlflow.artifacts.download_artifacts(f"models:/{output.model_id}", dst_path=target)
    mlflow.set_tracking_uri(None)
    return Path(fetched)


# --- what it answers ---


@pytest.mark.parametrize("count", [1, 7, 100, 1000])
@pytest.mark.parametrize("name", OVERRIDES)
def test_answers_what_the_trained_network_answers_to_the_last_bit(trained, loaded, name, count):
    table = loaded[name].predict(BYTES[:count])
    assert_same_answers(table, answers(trained[1][name], IMAGES[:count]))


def test_columns(loaded):
    table = loaded["lenet"].predict(BYTES[:5])
    assert list(table.columns) == ["class", *PROBABILITIES]
    assert table["class"].dtype == np.int64
    assert {str(each) for each in table[PROBABILITIES].dtypes} == {"float32"}
    np.testing.assert_allclose(table[PROBABILITIES].sum(axis=1), 1, rtol=1e-6)
    assert len(set(loaded["lenet"].predict(BYTES)["class"])) > 5  # it has learnt something


FORMS = {
    "uint8": BYTES[:6],
    "int64": BYTES[:6].astype(np.int64),
    "float32": IMAGES[:6],
    "float64": BYTES[:6] / 255,
    "not contiguous": np.asfortranarray(BYTES[:6]),
    "read-only": np.frombuffer(BYTES[:6].tobytes(), np.uint8).reshape(6, 28, 28),
    "channels": BYTES[:6, None],
    "flat": BYTES[:6].reshape(6, 784),
    "flat floats": IMAGES[:6].reshape(6, 784),
    "DataFrame": pd.DataFrame(BYTES[:6].reshape(6, 784)),
    "DataFrame of floats": pd.DataFrame(IMAGES[:6].reshape(6, 784).astype(float), index=[3] * 6),
    "lists": BYTES[:6].tolist(),
}


@pytest.mark.parametrize("images", FORMS.values(), ids=FORMS)
def test_all_forms_of_the_same_images_have_the_same_answer(trained, loaded, images):
    kept = np.array(images)
    assert_same_answers(loaded["lenet"].predict(images), answers(trained[1]["lenet"], IMAGES[:6]))
    np.testing.assert_array_equal(kept, images)


ALLOWED = "allowed are integers from 0 (black) to 255 (white), as in uint8, or floats from 0 to 1"
SHAPES = "allowed is N×28×28, N×1×28×28 or N×784, N from 1"


@pytest.mark.parametrize(
    ("images", "kind", "message"),
    [
        (
            BYTES[0],
            ValueError,
            f"images of shape (28, 28): {SHAPES}; a single image is images[None]",
        ),
        (BYTES[:0], ValueError, f"images of shape (0, 28, 28): {SHAPES}"),
        (BYTES[0].ravel(), ValueError, f"images of shape (784,): {SHAPES}"),
        (np.zeros((2, 3, 28, 28)), ValueError, f"images of shape (2, 3, 28, 28): {SHAPES}"),
        (np.zeros((2, 28, 28, 1)), ValueError, f"images of shape (2, 28, 28, 1): {SHAPES}"),
        (np.zeros((5, 785)), ValueError, f"images of shape (5, 785): {SHAPES}"),
        (np.float32(1), TypeError, "images in a float32: allowed are a NumPy array, a DataFrame"),
        (pd.DataFrame(np.zeros((2, 3))), ValueError, f"images of shape (2, 3): {SHAPES}"),
        ([[0, 1], [2]], ValueError, "images in lists of different lengths: allowed is N×28×28"),
        ({"images": BYTES}, TypeError, "images in a dict: allowed are a NumPy array, a DataFrame"),
        (
            "digit.png",
            TypeError,
            "images in a str: allowed are a NumPy array, a DataFrame or lists",
        ),
        (BYTES[:2] > 9, TypeError, f"images of type bool: {ALLOWED}"),
        (BYTES[:2].astype(str), TypeError, f"images of type <U3: {ALLOWED}"),
        (BYTES[:2].astype(object), TypeError, f"images of type object: {ALLOWED}"),
        (IMAGES[:2] * 255, ValueError, f"images with values from 0.0 to 255.0: {ALLOWED}"),
        (BYTES[:2].astype(int) * 2, ValueError, f"images with values from 0 to 510: {ALLOWED}"),
        (BYTES[:2].astype(int) - 1, ValueError, f"images with values from -1 to 254: {ALLOWED}"),
        (IMAGES[:2] - 0.5, ValueError, f"images with values from -0.5 to 0.5: {ALLOWED}"),
        (np.full((1, 784), np.nan), ValueError, f"images with values from nan to nan: {ALLOWED}"),
        (np.full((1, 784), np.inf), ValueError, f"images with values from inf to inf: {ALLOWED}"),
    ],
)
def test_what_is_no_image_is_refused(loaded, images, kind, message):
    with pytest.raises(kind) as raised:
        loaded["mlp"].predict(images)
    assert str(raised.value).startswith(message)


def test_one_pixel_that_is_no_number_is_enough():
    images = IMAGES[:3].copy()
    images[1, 5, 5] = np.nan
    with pytest.raises(ValueError, match=r"^images with values from nan to nan: "):
        MNIST_5K.pixels(images)


def test_threads_do_not_disturb_each_other(trained, loaded):
    expected = [answers(trained[1]["lenet"], IMAGES[i : i + 50]) for i in range(0, 1000, 50)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(loaded["lenet"].predict, np.split(BYTES, 20)))
    for table, each in zip(found, expected, strict=True):
        assert_same_answers(table, each)


# --- every processor ---


def test_the_graph_of_another_processor_answers_the_same(tmp_path, monkeypatch):
    config, found = load("model=lenet").model, {}
    for lanes in (1, 8, 16):  # 20 and 50 channels, 24 and 56, 32 and 64
        monkeypatch.setattr("sweep.networks.families.lenet.float_lanes", lambda lanes=lanes: lanes)
        net, folder = (
            build_network(config, GREY_28, 10, seed=3, context=mx.cpu()),
            tmp_path / str(lanes),
        )
        folder.mkdir()
        serving.save(net, MNIST_5K, folder)
        found[lanes] = serving.load(folder / "data").predict(BYTES[:20])
        assert_same_answers(found[lanes], answers(net, IMAGES[:20]))
    for lanes in (8, 16):
        np.testing.assert_allclose(found[lanes], found[1], rtol=1e-5, atol=1e-6)


def test_classes_with_names(tmp_path):
    names = FashionMnist.class_names
    net = build_network(load().model, GREY_28, 10, seed=3, context=mx.cpu())
    interface = Interface("fashion_mnist", GREY_28, names)
    serving.save(net, interface, tmp_path)
    classifier = serving.load(tmp_path / "data")
    assert classifier.interface == interface
    table = classifier.predict(BYTES[:9])
    assert list(table.columns) == ["class", "name", *PROBABILITIES]
    assert list(table.columns) == list(interface.columns())
    assert table["name"].tolist() == [names[each] for each in table["class"]]


# --- what MLflow knows of it ---


def test_files(folder):
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    files.discard("registered_model_meta")  # which MLflow adds when it fetches a model
    assert files == FILES  # nothing pickled, nothing of conda
    for name in ("serving.py", "mxnet_import.py"):
        copy = folder / "code" / "gluon_sweep_model" / name
        assert copy.read_text() == Path(serving.__file__).with_name(name).read_text()


def test_requirements_are_what_is_installed(folder):
    found = dict(line.split("==") for line in (folder / "requirements.txt").read_text().split())
    assert list(found) == ["mlflow", "mxnet", "numpy", "pandas", "setuptools"]
    assert found == {name: metadata.version(name) for name in found}
    python = yaml.safe_load((folder / "python_env.yaml").read_text())
    assert python["python"] == ".".join(map(str, sys.version_info[:3]))
    assert python["dependencies"] == ["-r requirements.txt"]


def test_signature_and_example(folder, loaded):
    model = Model.load(str(folder))
    answer = loaded["lenet"].predict(loaded["lenet"].input_example)
    assert model.signature.outputs.input_names() == list(answer.columns)
    validate_schema(answer, model.signature.outputs)
    np.testing.assert_array_equal(loaded["lenet"].input_example, BYTES[:3])
    assert json.loads(model.get_serving_input(str(folder))) == {"inputs": BYTES[:3].tolist()}
    assert model.metadata["dataset"] == "mnist_5k"


def test_the_model_belongs_to_the_run(trained, client):
    run = trained[0]["lenet"]
    (output,) = run.outputs.model_outputs
    model = client.get_logged_model(output.model_id)
    assert (model.name, model.source_run_id) == ("model", run.info.run_id)
    assert model.status == LoggedModelStatus.READY
    assert model.params == run.data.params
    assert output.step == 1


STANDALONE = """
import sys
sys.modules["sweep"] = None  # as if it were not installed
import mlflow.pyfunc, numpy as np
model = mlflow.pyfunc.load_model(sys.argv[1])
model.predict(np.load("images.npy")).to_parquet("answers.parquet")
"""


def test_loads_without_this_package(folder, tmp_path, trained):
    np.save("images.npy", BYTES[:9])
    environment = {**os.environ, "PYTHONPATH": "", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", STANDALONE, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    table = pd.read_parquet("answers.parquet")
    assert_same_answers(table, answers(trained[1]["lenet"], IMAGES[:9]))


# --- served ---


@pytest.fixture(scope="module")
def server(folder, tmp_path_factory):
    """Give a function that posts to ``mlflow models serve``, and returns status and text."""
    with serve(str(folder), tmp_path_factory.mktemp("server")) as post:
        yield post


def test_a_server_answers_the_same(server, trained):
    flat = pd.DataFrame(BYTES[:4].reshape(4, 784)).to_dict("split")
    del flat["index"]
    bodies = [
        {"inputs": BYTES[:4].tolist()},
        {"inputs": (BYTES[:4] / 255).tolist()},
        {"instances": BYTES[:4, None].tolist()},
        {"dataframe_split": flat},
    ]
    classes, probabilities = answers(trained[1]["lenet"], IMAGES[:4])
    for body in bodies:
        status, text = server(body)
        assert status == 200, text
        table = pd.DataFrame(json.loads(text)["predictions"])
        assert table["class"].tolist() == classes.tolist()
        sent = table[PROBABILITIES].to_numpy(np.float32)
        assert sent.tobytes() == probabilities.tobytes()


def test_a_server_says_what_is_wrong(server):
    status, text = server({"inputs": [[1, 2, 3]]})
    assert status == 400
    assert "images of shape (1, 3): allowed is N×28×28" in json.loads(text)["stack_trace"]


def test_a_server_takes_requests_at_once(server, trained):
    classes, _ = answers(trained[1]["lenet"], IMAGES[:40])
    bodies = [{"inputs": BYTES[i : i + 5].tolist()} for i in range(0, 40, 5)]
    with ThreadPoolExecutor(8) as pool:
        found = [json.loads(text)["predictions"] for _, text in pool.map(server, bodies)]
    assert [row["class"] for rows in found for row in rows] == classes.tolist()


# --- killed while it is logged ---


STEPS = ("create_logged_model", "log_model_artifacts", "finalize_logged_model", "log_outputs")


@pytest.mark.parametrize("step", STEPS)
def test_a_run_that_is_killed_while_it_logs_its_model_has_one_in_the_end(
    step, uri, client, monkeypatch
):
    overrides = [*OVERRIDES["mlp"], f"tracking.uri={uri}", f"tracking.experiment={step}"]
    do = getattr(MlflowClient, step)

    def do_and_die(*arguments, **options):
        do(*arguments, **options)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(MlflowClient, step, do_and_die)
        execute(load(*overrides), overrides, lambda event: None)
    assert only_run(client, step).info.status == "KILLED"
    execute(load(*overrides), overrides, lambda event: None)
    run = only_run(client, step)
    assert run.info.status == "FINISHED"
    (model,) = client.search_logged_models([run.info.experiment_id])
    assert [each.model_id for each in run.outputs.model_outputs] == [model.model_id]
    assert model.status == LoggedModelStatus.READY
    fetched = mlflow.artifacts.download_artifacts(f"models:/{model.model_id}", tracking_uri=uri)
    assert len(serving.load(Path(fetched) / "data").predict(BYTES[:2])) == 2
