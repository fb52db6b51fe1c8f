"""Networks that are no graph: their modules carried with them, and run where they are loaded."""

import json
import os
import random
import shutil
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from epochwise import synthetic

from sweep import own_modules
from sweep.backend.mxnet import mx, nd
from sweep.carried import own_serving
from sweep.carried.own_code import OwnModules
from sweep.carried.own_serving import OwnCodeError, Recipe, load, numpy_arrays
from sweep.carried.serving import Interface
from sweep.config.compose import load as loaded
from sweep.networks.blocks.eager import is_for_numpy, save_parameters
from sweep.runs.models import log_model
from sweep.training.session import Training

INTERFACE = Interface("synthetic", (1, 28, 28), tuple(map(str, range(10))))
EAGER = """from mxnet import gluon, nd
from mxnet.gluon import nn


class Net(gluon.Block):
    def __init__(self, classes, width, shape):
        super().__init__()
        assert shape == (1, 28, 28)
        self.norm, self.hidden, self.dense = nn.BatchNorm(), nn.Dense(width), nn.Dense(classes)

    def forward(self, x):
        from layers import activation

        return self.dense(activation(self.hidden(self.norm(x))))
"""
FOR_NUMPY = """from mxnet import gluon, np, npx
from mxnet.gluon import nn
npx.set_np()


class Net(nn.HybridBlock):
    def __init__(self, classes, width):
        super().__init__()
        self.hidden, self.dense = nn.Dense(width), nn.Dense(classes)

    def hybrid_forward(self, F, x):
        return self.dense(F.np.tanh(self.hidden(x)))


class Plain(gluon.Block):
    def __init__(self, classes, width):
        super().__init__()
        self.hidden, self.dense = nn.Dense(width), nn.Dense(classes)

    def forward(self, x):
        return self.dense(np.tanh(self.hidden(x)))
"""
DRAWING = """import random

import numpy
from mxnet import gluon, nd
from mxnet.gluon import nn

numpy.random.seed(7)


class Net(gluon.Block):
    def __init__(self, classes):
        super().__init__()
        self.dense = nn.Dense(classes)
        self.order = nd.array(numpy.random.permutation(784))
        self.signs = 2 * nd.random.randint(0, 2, (1, 784)).astype("float32") - 1
        self.factor = random.choice(range(1, 1000)) / 100

    def forward(self, x):
        x = nd.take(x.reshape((0, -1)), self.order, axis=1)
        return self.dense(x * self.signs * self.factor)
"""
DRAWING_FOR_NUMPY = """import numpy
from mxnet import np, npx
from mxnet.gluon import nn
npx.set_np()


class Net(nn.HybridBlock):
    def __init__(self, classes):
        super().__init__()
        self.order = np.array(numpy.random.permutation(784))
        self.signs = 2 * np.random.randint(0, 2, (1, 784)).astype("float32") - 1
        self.dense = nn.Dense(classes)

    def forward(self, x):
        return self.dense(np.take(npx.batch_flatten(x), self.order, axis=1) * self.signs)
"""
LAYERS = "from mxnet import nd\n\n\ndef activation(x):\n    return nd.{}(x)\n"
SOURCES = {
    "tanh": {"nets.py": EAGER, "layers.py": LAYERS.format("tanh")},
    "relu": {"nets.py": EAGER, "layers.py": LAYERS.format("relu")},
    "np": {"nets.py": FOR_NUMPY},
}
MODELS = {
    "tanh": ("tanh", "nets.Net", "unit"),
    "relu": ("relu", "nets.Net", "standard"),
    "a graph for np": ("np", "nets.Net", "standard"),
    "eager for np": ("np", "nets.Plain", None),
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of each model's data, and what the network answers where it was trained."""
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [*sys.path])
        patch.setattr(sys, "dont_write_bytecode", sys.dont_write_bytecode)
        patch.setattr(own_modules, "_entered", [])
        for name, (source, target, normalize) in MODELS.items():
            folder = tmp_path_factory.mktemp("model")
            found[name] = folder / "data", *saved(folder, SOURCES[source], target, normalize)
        own_modules.enter(tmp_path_factory.mktemp("empty"))  # which forgets the modules
    return found


def saved(folder, source, target, normalize):
    kept = own_modules.keep({name: text.encode() for name, text in source.items()}, folder)
    own_modules.enter(folder)
    config = loaded("model=custom", f"model._target_={target}", "+model.width=7", "batch_size=16")
    model = replace(config.model, _source_=kept.name, _folder_=str(kept))
    dataset = replace(config.dataset, normalize=normalize)
    training = Training(replace(config, model=model, dataset=dataset), synthetic(), mx.cpu())
    for _, _ in zip(range(2), training.epochs(), strict=False):
        pass
    scaling = training.scaling
    recipe = Recipe(
        *(target, {"width": 7}, is_for_numpy(training.net)),
        mean=scaling.mean.tolist() if scaling else None,
        factor=scaling.factor.tolist() if scaling else None,
    )
    save_parameters(training.net, str(own_serving.save(recipe, kept, INTERFACE, folder)))
    images = synthetic().test.images
    scores = training.model(nd.array(images)).asnumpy()
    return images, scores


def assert_answers(classifier, images, scores):
    table = classifier.predict(images)
    expected = nd.softmax(nd.array(scores)).asnumpy()
    assert table.to_numpy()[:, 1:].astype("f4").tobytes() == expected.tobytes()
    assert len({*table["class"]}) > 1


def test_models_of_all_kinds_answer_in_one_process_as_where_they_were_trained(trained):
    before = {*sys.modules}
    switches = mx.util.is_np_shape(), mx.util.is_np_array()
    models = {name: load(data) for name, (data, *_) in trained.items()}
    for name in (*models, *reversed(models)):
        assert_answers(models[name], *trained[name][1:])
    assert (mx.util.is_np_shape(), mx.util.is_np_array()) == switches == (False, False)
    assert not {"nets", "layers"} & ({*sys.modules} - before)
    answers = [models[name].predict(trained[name][1]).to_numpy().tobytes() for name in models]
    assert len({*answers}) == len(MODELS)


def test_a_process_that_has_the_switch_on_keeps_it(trained):
    with numpy_arrays(True):
        for data, *known in trained.values():
            assert_answers(load(data), *known)
            assert mx.util.is_np_array() and mx.util.is_np_shape()
    assert not mx.util.is_np_array() and not mx.util.is_np_shape()


def test_what_is_carried_is_text_and_parameters(trained):
    data = trained["tanh"][0]
    found = [each.relative_to(data) for each in data.rglob("*.*")]
    # Python keeps what it has compiled beside what was loaded from there.
    files = sorted(each.as_posix() for each in found if "__pycache__" not in each.parts)
    source = ["source/layers.py", "source/nets.py"]
    assert files == ["dataset.json", "net.params", "network.json", *source]
    code = sorted(each.name for each in (data.parent / "code" / own_serving.PACKAGE).iterdir())
    assert code == ["mxnet_import.py", "own_code.py", "own_serving.py", "serving.py"]


def test_a_module_of_the_same_name_stays_and_comes_back(tmp_path, monkeypatch):
    (tmp_path / "nets.py").write_text("count = 0\n")
    mine = object()
    monkeypatch.setitem(sys.modules, "nets", mine)
    modules = OwnModules(tmp_path)
    for number in range(3):
        with modules.in_use():
            import nets

            nets.count += 1
            assert nets.count == number + 1
        assert sys.modules["nets"] is mine
    assert str(tmp_path) not in sys.path


TWICE = """
import sys
sys.modules["sweep"] = None  # as if it were not installed
import numpy as np
from gluon_sweep_own_model.own_serving import _load_pyfunc
images = np.load("images.npy")
for number in range(2):
    model = _load_pyfunc("data")
    np.save(f"{number}.npy", model.predict(images).filter(like="probability").to_numpy())
"""


@pytest.mark.parametrize("source", [DRAWING, DRAWING_FOR_NUMPY], ids=["Block", "np"])
def test_what_a_network_draws_when_it_is_made_is_drawn_again(tmp_path, monkeypatch, source):
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", sys.dont_write_bytecode)
    monkeypatch.setattr(own_modules, "_entered", [])
    kept = own_modules.keep({"draws.py": source.encode()}, tmp_path / "kept")
    config = loaded("model=custom", "model._target_=draws.Net", "seed=5", "batch_size=16")
    model = replace(config.model, _source_=kept.name, _folder_=str(kept))
    training = Training(replace(config, model=model), synthetic(), mx.cpu())
    next(training.epochs())
    own_modules.enter(tmp_path)  # which forgets the module
    record = SimpleNamespace(
        log_model=lambda pyfunc, epoch: shutil.copytree(pyfunc.folder, tmp_path / "model"),
        log_files=lambda folder, path: None,
    )
    assert log_model(training, synthetic(), record) == ""
    folder, images = tmp_path / "model", synthetic().test.images
    np.save(folder / "images.npy", images)
    subprocess.run(
        [sys.executable, "-c", TWICE],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": "code"},
        check=True,
        timeout=120,
    )
    expected = nd.softmax(training.model(nd.array(images))).asnumpy()
    for number in range(2):
        np.testing.assert_allclose(np.load(folder / f"{number}.npy"), expected, atol=1e-5)


def test_a_model_that_was_recorded_without_a_seed_answers_as_before(trained, tmp_path):
    data, *known = trained["tanh"]
    shutil.copytree(data, tmp_path / "data")
    file = tmp_path / "data" / own_serving.NETWORK
    recipe = json.loads(file.read_text())
    assert recipe.pop("seed") is None
    file.write_text(json.dumps(recipe))
    assert_answers(load(tmp_path / "data"), *known)


def drawn():
    of_mxnet = nd.random.uniform(shape=(1,)).asscalar()
    return random.random(), np.random.random(), of_mxnet


def test_generators_go_on_as_if_no_model_had_been_loaded():
    def seed():
        random.seed(1), np.random.seed(2), mx.random.seed(3)

    found = []
    for number in (5, 6, 5):
        seed()
        with own_serving.seeded(number):
            inside = drawn()
        found.append((inside, drawn()))
    seed()
    plain = drawn()
    (first, after), (other, after_other), (again, _) = found
    assert first == again and not {*first} & {*other}
    assert after == after_other and after[:2] == plain[:2] and after[2] not in (first[2], other[2])
    with own_serving.seeded(None):
        assert not {*drawn()} & {*plain, *after}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import nothing_such\n", "ModuleNotFoundError: No module named 'nothing_such'"),
        ("", "AttributeError: module 'nets' has no attribute 'Net'"),
        ("def Net(width):\n    raise SystemExit('no\\nway')\n", "SystemExit: no way"),
    ],
)
def test_a_source_that_cannot_be_run_here_says_why(tmp_path, text, reason):
    (tmp_path / "code_of_a_user").mkdir()
    (tmp_path / "code_of_a_user" / "nets.py").write_text(text)
    recipe = Recipe("nets.Net", {"width": 7}, is_for_numpy=False)
    own_serving.save(recipe, tmp_path / "code_of_a_user", INTERFACE, tmp_path)
    with pytest.raises(OwnCodeError) as raised:
        load(tmp_path / "data")
    assert str(raised.value) == f"nets.Net cannot be run here: {reason}"
    assert "nets" not in sys.modules
