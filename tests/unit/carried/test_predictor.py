"""A model that predicts numbers: exported, loaded, asked."""

import numpy as np
import pytest

from sweep.backend.mxnet import gluon, mx, nd
from sweep.carried.serving import Classifier, Interface, load, save


@pytest.mark.parametrize("outputs", [1, 3])
def test_it_answers_numbers(outputs, tmp_path):
    net = gluon.nn.HybridSequential()
    net.add(gluon.nn.Dense(outputs, in_units=4))
    net.initialize(mx.init.Normal(1))
    interface = Interface("prices", (1, 1, 4), (), values="numbers", predicted=outputs)
    assert interface.columns() == {f"prediction_{each}": "float" for each in range(outputs)}
    save(net, interface, tmp_path)
    model = load(tmp_path / "data")
    assert model.interface == interface
    assert not isinstance(model, Classifier)
    features = np.random.RandomState(0).normal(size=(5, 4)).astype(np.float32)
    table = model.predict(features)
    assert list(table.columns) == list(interface.columns())
    expected = net(nd.array(features.reshape(5, 1, 1, 4))).asnumpy()
    assert table.to_numpy().tobytes() == expected.tobytes()
