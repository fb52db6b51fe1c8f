"""The parameters of a run: once, in its model, or else as a file of their own."""

import json

import numpy as np
import pytest

from sweep.backend.mxnet import gluon, mx, nd
from sweep.carried import serving
from sweep.config.compose import load
from sweep.data.scaling import Scaling
from sweep.networks.blocks.eager import save_parameters
from sweep.networks.blocks.scaled import scaled
from sweep.networks.build import build_network
from sweep.networks.params_file import renamed
from sweep.runs.parameters import log_parameters

SHAPE = (1, 28, 28)
INTERFACE = serving.Interface("digits", SHAPE, tuple("0123456789"))
SCALING = Scaling(np.full((1, 1, 1, 1), 0.5, np.float32), np.full((1, 1, 1, 1), 2, np.float32))


class Files:
    """What stands for a record: the files that it is given."""

    def log_files(self, folder, path):
        files = sorted(folder.iterdir())
        self.given = {f"{path}/{each.name}": each.read_bytes() for each in files}


def given(net, model):
    record = Files()
    log_parameters(net, record, model)
    return record.given


def own_bytes(net, tmp_path):
    save_parameters(net, str(tmp_path / "own.params"))
    return (tmp_path / "own.params").read_bytes()


def perceptron(seed=1):
    config = load("model=mlp", "model.hidden=[4]")
    return build_network(config.model, SHAPE, 10, seed=seed, context=mx.cpu())


def convolutions():
    """Return a network with running means, which its graph does not learn."""
    net = gluon.nn.HybridSequential()
    net.add(gluon.nn.Conv2D(3, 5), gluon.nn.BatchNorm(), gluon.nn.Dense(10))
    net.initialize()
    net(nd.zeros((1, *SHAPE)))
    return net


@pytest.mark.parametrize("scaling", [None, SCALING], ids=["plain", "scaled"])
@pytest.mark.parametrize("make", [perceptron, convolutions])
def test_the_model_s_file_gives_the_network_s_own_to_the_byte(make, scaling, tmp_path):
    net = make()
    frozen = next(iter(net.collect_params().values()))
    frozen.grad_req = "null"  # as of a parameter that is not trained
    serving.save(scaled(net, scaling, mx.cpu()), INTERFACE, tmp_path)
    model = tmp_path / "data" / serving.PARAMETERS
    files = given(net, model)
    assert set(files) == {"parameters/names.json", "parameters/net.txt"}
    about = json.loads(files["parameters/names.json"])
    assert about["file"] == "net-0000.params"
    assert renamed(model.read_bytes(), about["names"]) == own_bytes(net, tmp_path)


def test_a_model_that_has_the_very_file(tmp_path):
    net = perceptron()
    content = own_bytes(net, tmp_path)
    files = given(net, tmp_path / "own.params")
    assert set(files) == {"parameters/names.json", "parameters/net.txt"}
    about = json.loads(files["parameters/names.json"])
    same = {name: name for name in ("0.weight", "0.bias", "1.weight", "1.bias")}
    assert about == {"file": "own.params", "names": same}
    assert renamed(content, about["names"]) == content


def test_a_model_whose_file_cannot_be_read_keeps_nothing_for_them(tmp_path):
    net, file = perceptron(), tmp_path / "other.params"
    content = own_bytes(net, tmp_path)
    file.write_bytes(content[:-3])
    assert given(net, file)["parameters/net.params"] == content


def test_without_a_model_they_are_a_file(tmp_path):
    net = perceptron()
    files = given(net, None)
    assert set(files) == {"parameters/net.params", "parameters/net.txt"}
    assert files["parameters/net.params"] == own_bytes(net, tmp_path)


def test_a_model_of_other_parameters_keeps_nothing_for_them(tmp_path):
    net, other = perceptron(), perceptron(seed=2)
    serving.save(other, INTERFACE, tmp_path)
    files = given(net, tmp_path / "data" / serving.PARAMETERS)
    assert files["parameters/net.params"] == own_bytes(net, tmp_path)


class Shared(gluon.HybridBlock):
    """A network that has one layer twice."""

    def __init__(self):
        super().__init__()
        self.one = gluon.nn.Dense(10, in_units=784)
        self.same = gluon.nn.Dense(10, in_units=784, params=self.one.params)

    def hybrid_forward(self, F, x):
        x = F.reshape(x, (-1, 784))
        return self.one(x) + self.same(x)


def test_parameters_that_layers_share(tmp_path):
    net = Shared()
    net.initialize()
    net(nd.zeros((1, *SHAPE)))
    serving.save(net, INTERFACE, tmp_path)
    model = tmp_path / "data" / serving.PARAMETERS
    files = given(net, model)
    if "parameters/names.json" in files:
        names = json.loads(files["parameters/names.json"])["names"]
        assert renamed(model.read_bytes(), names) == own_bytes(net, tmp_path)
    else:
        assert files["parameters/net.params"] == own_bytes(net, tmp_path)
