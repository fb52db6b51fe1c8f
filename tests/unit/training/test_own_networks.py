"""Training of networks that are not in one graph with what is around them."""

import sys
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from epochwise import CROSS_ENTROPY, TIMES, synthetic

from sweep import own_modules
from sweep.backend.mxnet import mx
from sweep.config.compose import load
from sweep.training.batches import BatchSums, EagerSums, batch_sums
from sweep.training.session import Training
from sweep.training.state import parameters, restore_parameters

NETS = """from mxnet import gluon
from mxnet.gluon import nn


class Graph(nn.HybridBlock):
    def __init__(self, classes):
        super().__init__()
        self.norm, self.hidden, self.dense = nn.BatchNorm(), nn.Dense(9), nn.Dense(classes)

    def hybrid_forward(self, F, x):
        return self.dense(F.tanh(self.hidden(self.norm(x))))


class Eager(gluon.Block):
    def __init__(self, classes):
        super().__init__()
        self.norm, self.hidden, self.dense = nn.BatchNorm(), nn.Dense(9), nn.Dense(classes)

    def forward(self, x):
        return self.dense(self.hidden(self.norm(x)).tanh())
"""


@pytest.fixture(autouse=True)
def _own_python(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", sys.dont_write_bytecode)
    monkeypatch.setattr(own_modules, "_entered", [])
    (tmp_path / "nets.py").write_text(NETS)
    (tmp_path / "np_nets.py").write_text(f"from mxnet import np, npx\nnpx.set_np()\n{np_text()}")
    before = {*sys.modules}
    yield
    for name in {*sys.modules} - before:
        if not name.startswith("sweep."):  # to import ours again for each test takes long
            del sys.modules[name]


def np_text():
    eager = "self.dense(self.hidden(self.norm(x)).tanh())"
    return NETS.replace("F.tanh", "F.np.tanh").replace(
        eager, "self.dense(np.tanh(self.hidden(self.norm(x))))"
    )


def training(target, dataset, *given):
    config = load("model=custom", f"model._target_={target}", "batch_size=16", "epochs=3", *given)
    return Training(replace(config, context="cpu"), dataset, mx.cpu())


def measured(snapshots):
    return [
        {key: value for key, value in each.records[-1].metrics.items() if key not in TIMES}
        for each in snapshots
    ]


@pytest.mark.parametrize("normalize", ["unit", "standard"])
@pytest.mark.parametrize("target", ["nets.Eager", "np_nets.Graph", "np_nets.Eager"])
def test_it_trains_as_the_same_network_in_a_graph(target, normalize):
    given = (f"dataset.normalize={normalize}", "optim.momentum=0.5")
    other, graph = (training(each, synthetic(), *given) for each in (target, "nets.Graph"))
    begin = {f"net/{key}": each.data().asnumpy() for key, each in parameters(other.net).items()}
    restore_parameters(graph.net, begin)  # mxnet.np draws other numbers
    graph, other = (measured(each.epochs()) for each in (graph, other))
    for one, two in zip(graph, other, strict=True):
        assert one.keys() == two.keys()
        np.testing.assert_allclose([*two.values()], [*one.values()], rtol=2e-4)


@pytest.mark.parametrize("target", ["nets.Eager", "np_nets.Graph", "np_nets.Eager"])
def test_it_goes_on_to_the_same_bits(target):
    given = ("optim.momentum=0.5", "dataset.normalize=standard")
    whole = training(target, synthetic(), *given)
    expected = measured(whole.epochs())
    begun = [*islice(training(target, synthetic(), *given).epochs(), 2)]
    resumed = training(target, synthetic(), *given)
    best = begun[begun[-1].best_epoch - 1]
    resumed.resume(begun[-1], best)
    assert measured(resumed.epochs()) == expected[2:]
    assert resumed.conclude() == whole.conclude()


def test_a_graph_is_computed_as_one_and_others_are_not():
    for target, kind in (("nets.Graph", BatchSums), ("nets.Eager", EagerSums)):
        model = training(target, synthetic()).model
        assert type(batch_sums(model, CROSS_ENTROPY, [], np.dtype(np.float32))) is kind
