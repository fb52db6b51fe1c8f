"""Runs with networks of users' own, trained again from their records."""

import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
from epochwise import synthetic

from sweep import own_modules
from sweep.backend.mxnet import gluon
from sweep.config.compose import load
from sweep.config.recorded import to_yaml
from sweep.errors import UserError
from sweep.runs.events import Ended
from sweep.runs.models import Built, log_network
from sweep.runs.reproduce import recorded_source, train_again
from sweep.tracking import RunRecord

LATE = b"""from mxnet import gluon


class Late(gluon.nn.Sequential):
    def __init__(self, classes, steps):
        super().__init__()
        self.add(gluon.nn.Dense(classes))
        self.left = steps

    def forward(self, x):
        self.left -= 1
        if not self.left:
            raise ArithmeticError("no steps\\nleft")
        return super().forward(x)
"""


@pytest.fixture(autouse=True)
def _own_python(monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", sys.dont_write_bytecode)
    monkeypatch.setattr(own_modules, "_entered", [])
    monkeypatch.setattr("sweep.data.splits.load_dataset", lambda config: synthetic())
    before = {*sys.modules}
    yield
    for name in {*sys.modules} - before:
        del sys.modules[name]


def again(source, events):
    given = ("model._target_=late.Late", "+model.steps=5", "epochs=9", "batch_size=16")
    config = load("model=custom", *given)
    model = replace(config.model, _source_=own_modules.identity({"late.py": LATE}))
    config = replace(config, model=model, context="cpu")
    record = RunRecord("0", "late", "FAILED", {}, {}, to_yaml(config), {}, None, source)
    with recorded_source(record, config) as config:
        return train_again(record, replace(config, epochs=9), events.append)


def test_what_the_network_raises_is_its_failure_as_it_is_recorded():
    events = []
    assert again({"late.py": LATE}, events).failure == "ArithmeticError: no steps left"
    assert events[-1] == Ended("FAILED", "ArithmeticError: no steps left")


def test_a_mistake_of_the_user_is_no_failure():
    with pytest.raises(UserError, match="does not hold these modules any more"):
        again({"late.py": LATE + b"\n"}, [])


def test_a_plugins_network_that_is_no_graph_has_no_model_and_says_so():
    made, net, kept = SimpleNamespace(call=None, source=None), gluon.nn.Sequential(), []
    net.add(gluon.nn.Dense(2, in_units=3))
    net.initialize()
    record = SimpleNamespace(log_files=lambda folder, path: kept.extend(folder.iterdir()))
    assert log_network(Built(made, net, None, net, seed=0), None, None, record, epoch=1) == (
        "no model is kept that could be served: the network is no graph, and a plugin has made it; "
        "its parameters are recorded. A network that is a HybridBlock, and asks for no shape, has "
        "a model"
    )
    assert {each.name for each in kept} == {"net.params", "net.txt"}
