import functools
import re
import sys

import numpy as np
import pytest

from sweep import own_modules
from sweep.backend.mxnet import autograd, gluon, mx, nd
from sweep.config.compose import load
from sweep.errors import UserError
from sweep.networks.blocks.eager import Eager, as_it_runs, save_parameters, why_eager
from sweep.networks.build import architecture, build_network, parameter_count
from sweep.networks.families.custom import Custom
from sweep.runs.own_networks import all_modules

GREY_28 = (1, 28, 28)
NETS = """import mxnet.ndarray as nd
from mxnet import gluon, init
from mxnet.gluon import nn

FIVE = 5


class Net(nn.HybridBlock):
    def __init__(self, classes, width=4, *, shape):
        super().__init__()
        assert shape == (1, 28, 28)
        with self.name_scope():
            self.conv = nn.Conv2D(width, 5, in_channels=shape[0])
            self.dense = nn.Dense(classes)

    def hybrid_forward(self, F, x):
        return self.dense(self.conv(x))


class Plain(gluon.Block):
    def __init__(self, num_classes):
        super().__init__()
        self.dense = nn.Dense(num_classes)

    def forward(self, x):
        return self.dense(nd.tanh(x))


class Shaped(nn.HybridBlock):
    def __init__(self):
        super().__init__()
        self.dense = nn.Dense(10)

    def hybrid_forward(self, F, x):
        return self.dense(x.reshape((x.shape[0], -1)))


class InList(nn.HybridBlock):
    def __init__(self):
        super().__init__()
        self.many = [nn.Dense(5), nn.Dense(10)]

    def hybrid_forward(self, F, x):
        return self.many[1](self.many[0](x))


class Raises(nn.HybridBlock):
    def __init__(self, where):
        super().__init__()
        self.dense = nn.Dense(10)
        if where == "making":
            raise KeyError("making")

    def hybrid_forward(self, F, x):
        raise RuntimeError("not like\\nthis")


class Unused(nn.HybridBlock):
    def __init__(self):
        super().__init__()
        self.dense, self.other = nn.Dense(10), nn.Dense(3, in_units=2)

    def hybrid_forward(self, F, x):
        return self.dense(x)


class Several(nn.HybridSequential):
    def __init__(self, seven=7):
        super().__init__()
        self.add(nn.Dense(seven))


class Pair(gluon.Block):
    def forward(self, x):
        return x, x


def initialised(classes):
    net = nn.HybridSequential()
    net.add(nn.Dense(3, in_units=784, weight_initializer=init.Constant(2)), nn.Dense(classes))
    net[0].initialize()
    return net


def too_large():
    net = nn.HybridSequential()
    net.add(nn.Conv2D(4, 31), nn.Dense(10))
    return net


def text():
    return "net"
"""


NP_NETS = """from mxnet import np, npx
from mxnet.gluon import nn

npx.set_np()


class Hybrid(nn.HybridBlock):
    def __init__(self, classes):
        super().__init__()
        self.hidden, self.dense = nn.Dense(8), nn.Dense(classes)

    def hybrid_forward(self, F, x):
        return self.dense(F.np.tanh(self.hidden(x)))


class Plain(nn.Block):
    def __init__(self, classes):
        super().__init__()
        self.hidden, self.dense = nn.Dense(8), nn.Dense(classes)

    def forward(self, x):
        return self.dense(np.tanh(self.hidden(x.reshape(x.shape[0], -1))))


class Wrong(nn.Block):
    def __init__(self):
        super().__init__()
        self.dense = nn.Dense(10)

    def forward(self, x):
        return np.no_such(self.dense(x)) if x is None else len(3)
"""


@pytest.fixture(autouse=True)
def _own_python(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", sys.dont_write_bytecode)
    monkeypatch.setattr(own_modules, "_entered", [])
    (tmp_path / "my_nets.py").write_text(NETS)
    (tmp_path / "np_nets.py").write_text(NP_NETS)
    before = {*sys.modules}
    yield
    for name in {*sys.modules} - before:
        if not name.startswith("sweep."):  # to import ours again for each test takes long
            del sys.modules[name]


loaded = functools.cache(load)


def custom(target, *given):
    return loaded("model=custom", f"model._target_={target}", *given).model


def tried(tmp_path, target, *given):
    return custom(target, *given).tried(GREY_28, 10, tmp_path / "kept")


def built(network, seed=0):
    return build_network(network, GREY_28, 10, seed=seed, context=mx.cpu())


def values(net):
    return {key: each.data().asnumpy() for key, each in net._collect_params_with_prefix().items()}


def test_a_network_that_was_tried_has_its_source_and_its_work(tmp_path):
    known = tried(tmp_path, "my_nets.Net", "+model.width=6")
    assert known.note == ""
    network = known.network
    assert isinstance(network, Custom) and not network.is_unknown
    assert [each.name for each in network.source.iterdir()] == ["my_nets.py"]
    assert (
        network.source.name
        == network._source_
        == own_modules.identity({"my_nets.py": NETS.encode()})
    )
    # 6·5²·24² + 6·24²·10
    assert network.multiplications(GREY_28, 10) == 86_400 + 34_560
    assert network.label == "Net"
    # 6·25 + 6, 10·6·24² + 10
    assert parameter_count(built(network)) == 156 + 34_570


def test_it_is_built_from_the_copies_whatever_becomes_of_the_files(tmp_path):
    network = tried(tmp_path, "my_nets.Net").network
    kept = values(built(network, seed=3))
    (tmp_path / "my_nets.py").write_text("raise RuntimeError")
    for key, value in values(built(network, seed=3)).items():
        assert value.tobytes() == kept[key].tobytes(), key
    (network.source / "my_nets.py").write_text(NETS + "\n")
    with pytest.raises(UserError, match="does not hold these modules any more; allowed is the com"):
        built(network)


def test_edited_code_is_another_network(tmp_path):
    before = tried(tmp_path, "my_nets.Net").network
    (tmp_path / "my_nets.py").write_text(NETS.replace("5, in_channels", "3, in_channels"))
    after = tried(tmp_path, "my_nets.Net").network
    assert before._source_ != after._source_
    assert [values(built(each))["conv.weight"].shape[-1] for each in (before, after)] == [5, 3]
    (tmp_path / "my_nets.py").write_text(NETS)
    assert tried(tmp_path, "my_nets.Net").network == before


def test_a_network_of_a_search_is_tried_from_the_copies_that_the_search_began_with(tmp_path):
    begun = [tried(tmp_path, target).network for target in ("my_nets.Net", "np_nets.Plain")]
    modules = all_modules([*begun, begun[0]], tmp_path / "kept")
    assert sorted(each.name for each in modules.iterdir()) == ["my_nets.py", "np_nets.py"]
    assert all_modules([], tmp_path / "kept") is None
    (tmp_path / "my_nets.py").write_text(NETS.replace("5, in_channels", "3, in_channels"))
    later = custom("my_nets.Net", "+model.width=6").built_from(modules)
    later = later.tried(GREY_28, 10, tmp_path / "kept").network
    assert later._source_ == begun[0]._source_
    assert values(built(later))["conv.weight"].shape == (6, 1, 5, 5)
    edited = tried(tmp_path, "my_nets.Net").network
    with pytest.raises(UserError) as raised:
        all_modules([*begun, edited], tmp_path / "kept")
    assert str(raised.value) == (
        "my_nets.py: was edited while networks were tried; allowed is the command again"
    )


SEEDING = """import random

import mxnet
import numpy

mxnet.random.seed(42)
numpy.random.seed(42)
random.seed(42)

"""


@pytest.mark.parametrize("name", ["my_nets", "seeding"])
def test_initial_parameters_depend_on_the_seed_alone_and_are_there_at_once(tmp_path, name):
    (tmp_path / "seeding.py").write_text(SEEDING + NETS)
    known = tried(tmp_path, f"{name}.Net")
    network = known.network
    assert known.note == ""
    first = values(built(network, seed=1))
    np.random.seed(9)
    mx.random.seed(9)
    again, other = values(built(network, seed=1)), values(built(network, seed=2))
    assert first["dense.weight"].shape == (10, 4 * 24 * 24)
    for key, value in first.items():
        assert value.tobytes() == again[key].tobytes(), key
    assert (first["dense.weight"] != other["dense.weight"]).mean() > 0.99


def test_a_network_that_seeds_mxnet_when_it_is_made_gets_a_note(tmp_path):
    (tmp_path / "seeding.py").write_text(
        "import mxnet\nfrom my_nets import Net\n"
        "def net(classes, shape):\n"
        "    mxnet.random.seed(42)\n"
        "    return Net(classes, shape=shape)\n"
    )
    known = tried(tmp_path, "seeding.net")
    assert known.note == (
        "model._target_=seeding.net: its initial weights do not depend on seed, since it seeds "
        "MXNet itself when it is made: leave that out"
    )
    weights = [values(built(known.network, seed))["dense.weight"] for seed in (1, 2)]
    assert weights[0].tobytes() == weights[1].tobytes()


def test_parameters_that_the_network_has_initialised_stay(tmp_path):
    found = values(built(tried(tmp_path, "my_nets.initialised").network))
    assert (found["0.weight"] == 2).all()
    assert np.abs(found["1.weight"]).max() <= np.sqrt(3 / ((3 + 10) / 2))
    assert len(np.unique(found["1.weight"])) == 30


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("my_nets.Plain", r"it is a gluon\.Block \(my_nets\.py:20\)"),
        ("my_nets.Shaped", r"it cannot be traced \(AttributeError: .* \(my_nets\.py:29\)"),
    ],
)
def test_what_cannot_be_a_graph_runs_eagerly_and_says_so(tmp_path, target, reason):
    known = tried(tmp_path, target)
    begin = rf"model\._target_={target}: runs eagerly, operator by operator: {reason}; its model"
    begin += r" carries its source, which runs where it is served\. .* it saves at most the [\d.]+"
    begin += r" ms or so that the calls of a step take here, and is served without its source$"
    assert re.match(begin, known.note), known.note
    net = built(known.network)
    assert isinstance(as_it_runs(net), Eager)
    assert as_it_runs(net)(nd.ones((3, *GREY_28))).asnumpy().shape == (3, 10)
    assert architecture(known.network, GREY_28, 10) is None


WITH_A_FUNCTION = """from mxnet import autograd
from mxnet.gluon import nn


class Halved(autograd.Function):
    def forward(self, x):
        return 2 * x

    def backward(self, dy):
        return dy / 2


class Net(nn.HybridBlock):
    def __init__(self, classes):
        super().__init__()
        self.dense = nn.Dense(classes)

    def hybrid_forward(self, F, x):
        return Halved()(self.dense(x))
"""


def test_a_gradient_that_is_written_in_python_is_no_graph(tmp_path):
    (tmp_path / "halving.py").write_text(WITH_A_FUNCTION)
    known = tried(tmp_path, "halving.Net")
    assert "it cannot be traced (TypeError: Halved is an autograd.Function) (hal" in known.note
    net = built(known.network)
    runs, x = as_it_runs(net), nd.ones((3, *GREY_28))
    with autograd.record():
        total = runs(x).sum()
    total.backward()
    assert (net.dense.weight.grad() == 1.5).asnumpy().all()


OF_PYTHON = """import mxnet as mx
from mxnet.gluon import nn


class Twice(mx.operator.CustomOp):
    def forward(self, is_train, req, in_data, out_data, aux):
        self.assign(out_data[0], req[0], 2 * in_data[0])

    def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
        self.assign(in_grad[0], req[0], 2 * out_grad[0])


@mx.operator.register("my_twice")
class Properties(mx.operator.CustomOpProp):
    def create_operator(self, context, shapes, types):
        return Twice()


class Net(nn.HybridBlock):
    def __init__(self, classes):
        super().__init__()
        self.dense = nn.Dense(classes)

    def hybrid_forward(self, F, x):
        return F.Custom(self.dense(x), op_type="my_twice")
"""


def test_what_has_an_operator_of_pythons_runs_eagerly_and_says_so(tmp_path):
    (tmp_path / "of_python.py").write_text(OF_PYTHON)
    known = tried(tmp_path, "of_python.Net")
    assert known.note.startswith(
        "model._target_=of_python.Net: runs eagerly, operator by operator: its operator my_twice "
        "is written in Python, and would not be in the graph's file (of_python.py:19); its model "
        "carries its source, which runs where it is served. "
    )
    net = built(known.network)
    runs, x = as_it_runs(net), nd.ones((3, *GREY_28))
    assert isinstance(runs, Eager)
    expected = 2 * values(net)["dense.weight"].sum(axis=1)
    np.testing.assert_allclose(runs(x).asnumpy(), [expected] * 3, rtol=1e-4, atol=1e-5)
    assert architecture(known.network, GREY_28, 10) is None


def test_a_graph_runs_as_it_is(tmp_path):
    net = built(tried(tmp_path, "my_nets.Net").network)
    assert why_eager(net) is None
    assert as_it_runs(net) is net


MODULE = "allowed is module.Class or module.function"


@pytest.mark.parametrize(
    ("target", "given", "message"),
    [
        ("Net", (), f"model._target_=Net: names no module; {MODULE}"),
        (
            *("my_net.Net", ()),
            "model._target_=my_net.Net (did you mean my_nets?): cannot be imported: "
            "ModuleNotFoundError: No module named 'my_net'; looked for in ",
        ),
        ("hers.Net", (), "model._target_=hers.Net: cannot be imported: ModuleNotFoundError: No "),
        ("xml.saxx.Net", (), "model._target_=xml.saxx.Net (did you mean xml.sax?): cannot be impo"),
        ("broken.Net", (), "model._target_=broken.Net: cannot be imported: broken.py:2: NameErr"),
        ("wrong.Net", (), "model._target_=wrong.Net: cannot be imported: wrong.py:1: SyntaxError"),
        ("my_nets.Nett", (), "model._target_=my_nets.Nett (did you mean Net?): "),
        (
            "my_nets.FIVE",
            (),
            f"model._target_=my_nets.FIVE: is of type int, no class or function; {MODULE}",
        ),
        ("my_nets.text", (), "model._target_=my_nets.text: returned a str; allowed is a network"),
        (
            *("my_nets.Net", ("+model.widht=3",)),
            "model.widht=3: my_nets.Net has no such argument (did you mean model.width?); allowed "
            "are classes, width, shape",
        ),
        (
            *("my_nets.text", ("+model.a=[1]",)),
            "model.a=[1]: my_nets.text has no such argument; allowed are none",
        ),
        ("my_nets.Raises", (), "model.where is missing: my_nets.Raises cannot be made without it"),
        (
            *("my_nets.Raises", ("+model.where=making",)),
            "model._target_=my_nets.Raises: my_nets.py:52: KeyError: 'making'",
        ),
        (
            *("my_nets.Raises", ("+model.where=x",)),
            "model._target_=my_nets.Raises: given 2 images of 1×28×28: my_nets.py:55: RuntimeError:"
            " not like this",
        ),
        (
            *("my_nets.too_large", ()),
            "model._target_=my_nets.too_large: given 2 images of 1×28×28: ValueError: Error in "
            "operator",
        ),
        (
            *("my_nets.InList", ()),
            "model._target_=my_nets.InList: InList.many keeps layers in a list, where Gluon does "
            "not find them (my_nets.py:41); allowed is nn.HybridSequential",
        ),
        (
            *("my_nets.Several", ()),
            "model._target_=my_nets.Several: given 2 images of 1×28×28: returned (2, 7) "
            "(my_nets.py:67); allowed is (2, 10), 10 scores",
        ),
        (
            *("my_nets.Pair", ()),
            "model._target_=my_nets.Pair: given 2 images of 1×28×28: returned tuple (my_nets.py:73)"
            "; allowed is (2, 10)",
        ),
        (
            *("my_nets.Unused", ()),
            "model._target_=my_nets.Unused: its parameter other.weight takes no part",
        ),
        (
            *("passing.net", ("+model.dept=3",)),
            "model._target_=passing.net: passing.py:2: TypeError: Net.__init__() got an unexpected "
            "keyword argument 'dept' (did you mean model.depth?)",
        ),
        (
            *("passing.other", ("+model.depth=3",)),
            "model._target_=passing.other: passing.py:3: TypeError: text() got an unexpected "
            "keyword argument 'depth'",
        ),
        (
            *("half.nett.Net", ()),
            "model._target_=half.nett.Net: cannot be imported: half/__init__.py:1: ModuleNotFound",
        ),
        ("json.qqqq.Net", (), "model._target_=json.qqqq.Net: cannot be imported: ModuleNotFound"),
        ("alone.net", (), "model._target_=alone.net: cannot be imported: alone.py:1: ModuleNotFo"),
        ("beside.net", (), "model._target_=beside.net: cannot be imported: beside.py:2: FileNotFo"),
        (
            *("np_nets.Wrong", ()),
            "model._target_=np_nets.Wrong: given 2 images of 1×28×28: np_nets.py:31: TypeError",
        ),
    ],
)
def test_bad_networks_get_a_line(tmp_path, target, given, message):
    (tmp_path / "broken.py").write_text("import my_nets\nnothing_such\n")
    (tmp_path / "wrong.py").write_text("def f(:\n")
    (tmp_path / "passing.py").write_text(
        "from my_nets import Net, text\n"
        "def net(depth=1, **more): return Net(10, shape=(1,), **more)\n"
        "def other(depth=1, width=2): return text(depth=depth)\n"
    )
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "__init__.py").write_text("from .nett import Net\n")
    (tmp_path / "half" / "net.py").write_text("class Net: pass\n")
    (tmp_path / "alone.py").write_text("import my_net\n")
    (tmp_path / "beside.txt").write_text("10")
    (tmp_path / "beside.py").write_text(
        "from pathlib import Path\nN = int(Path(__file__).with_name('beside.txt').read_text())\n"
        "from my_nets import initialised\ndef net(): return initialised(N)\n"
    )
    with pytest.raises(UserError) as caught:
        tried(tmp_path, target, *given)
    assert str(caught.value).startswith(message), str(caught.value)
    assert ("did you mean" in str(caught.value)) == ("did you mean" in message)
    assert not mx.util.is_np_array()
    assert ("with copies of beside.py, my_nets.py alone" in str(caught.value)) == (
        target == "beside.net"
    )


def test_a_missing_target_gets_a_line():
    with pytest.raises(UserError, match="^model._target_=null: no network; allowed is module.Cla"):
        loaded("model=custom").model.check(GREY_28)


def test_eager_scores_and_gradients_are_those_of_the_graph():
    net = gluon.nn.HybridSequential()
    net.add(gluon.nn.Dense(5, activation="tanh", in_units=784), gluon.nn.Dense(10, in_units=5))
    net.initialize()
    x, found = nd.array(np.random.RandomState(0).rand(4, 1, 28, 28)), []
    for each in (Eager(net), net):
        with autograd.record():
            scores = each(x)
        scores.backward()
        found.append(
            [scores.asnumpy(), *(p.grad().asnumpy() for p in net.collect_params().values())]
        )
    for one, other in zip(*found, strict=True):
        assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("target", ["np_nets.Hybrid", "np_nets.Plain"])
def test_a_network_for_numpy_is_the_same_function_and_leaves_no_switch_on(tmp_path, target):
    known = tried(tmp_path, target)
    line = {"np_nets.Hybrid": 7, "np_nets.Plain": 16}[target]
    assert known.note == (
        f"model._target_={target}: is for mxnet.np (np_nets.py:{line}): its model carries its "
        "source, which runs where it is served"
    )
    net = built(known.network)
    assert not mx.util.is_np_array() and not mx.util.is_np_shape()
    runs, x = as_it_runs(net), np.random.RandomState(0).rand(3, *GREY_28).astype(np.float32)
    weights = values(net)
    hidden = np.tanh(x.reshape(3, 784) @ weights["hidden.weight"].T)
    expected = hidden @ weights["dense.weight"].T
    np.testing.assert_allclose(runs(nd.array(x)).asnumpy(), expected, rtol=1e-4, atol=1e-5)
    assert not mx.util.is_np_array() and not mx.util.is_np_shape()
    assert architecture(known.network, GREY_28, 10) is None
    save_parameters(net, "net.params")
    with mx.util.np_shape(True):  # as whoever loads it has it
        kept = nd.load("net.params")
    for key, value in weights.items():
        assert kept[key].asnumpy().tobytes() == value.tobytes(), key


STRANGE = """import os
import time

import numpy
from mxnet import autograd, gluon, nd
from mxnet.gluon import nn


class Dense(gluon.Block):
    def __init__(self, classes):
        super().__init__()
        self.classes = classes
        self.dense = nn.Dense(classes, in_units=784)

    def forward(self, x):
        return self.dense(x)


class Moving(Dense):
    def __init__(self, classes):
        super().__init__(classes)
        self.mean = nd.zeros((1, 1, 28, 28))

    def forward(self, x):
        if autograd.is_training():
            self.mean = 0.9 * self.mean + 0.1 * x.mean(axis=0, keepdims=True)
        return self.dense(x - self.mean)


class Kept(Dense):
    def __init__(self, classes):
        super().__init__(classes)
        get = self.params.get
        self.mean = get("mean", shape=(1, 1, 28, 28), init="zeros", grad_req="null")

    def forward(self, x):
        if autograd.is_training():
            mean = 0.9 * self.mean.data() + 0.1 * x.mean(axis=0, keepdims=True)
            self.mean.set_data(mean)
        return self.dense(x - self.mean.data())


class InPlace(Moving):
    def forward(self, x):
        self.mean[:] += 1
        return self.dense(x - self.mean)


class OfNumPy(Dense):
    def __init__(self, classes):
        super().__init__(classes)
        self.steps = numpy.zeros(1)

    def forward(self, x):
        self.steps += 1
        return self.dense(x) * float(self.steps[0])


class Cache(Moving):
    def forward(self, x):
        self.mean, self.seen, self.images = x.mean(axis=0, keepdims=True), x, len(x)
        return self.dense(x)


class Batches(Dense):
    def __init__(self, classes):
        super().__init__(classes)
        self.norm = nn.BatchNorm(in_channels=1)

    def forward(self, x):
        return self.dense(self.norm(x))


class Listed(Dense):
    def __init__(self, classes):
        super().__init__(classes)
        self.scales = [self.params.get("scale", shape=(1,), init="ones")]

    def forward(self, x):
        return self.dense(x * self.scales[0].data())


class Asked(Dense):
    def __init__(self, classes):
        super().__init__(classes)
        self.params.get("scale", shape=(1,), init="ones")

    def forward(self, x):
        return self.dense(x * self.params.get("scale").data())


class Sums(Dense):
    def __init__(self, classes):
        super().__init__(classes)
        self.dense.weight.grad_req = "add"


class Empty(gluon.Block):
    def forward(self, x):
        return x.reshape((x.shape[0], -1))[:, :10]


class Frozen(Dense):
    def __init__(self, classes):
        super().__init__(classes)
        self.collect_params().setattr("grad_req", "null")


class Severed(Dense):
    def forward(self, x):
        return nd.array(self.dense(x).asnumpy())


class Twice(autograd.Function):
    def forward(self, x):
        return 2 * x

    def backward(self, dy):
        raise ArithmeticError("no way back")


class Backward(Dense):
    def forward(self, x):
        return Twice()(self.dense(x))


class InTraining(Dense):
    def forward(self, x):
        return self.dense(x) if autograd.is_training() else self.dense(x)[0]


class RaisesLater(Dense):
    def forward(self, x):
        assert autograd.is_training(), "not now"
        return self.dense(x)


class Counts(Dense):
    calls = 0

    def forward(self, x):
        self.calls += 1
        return self.dense(x) * self.calls


class Stages(gluon.Block):
    def __init__(self, classes):
        super().__init__()
        self.features = nn.Sequential()
        self.features.add(nn.Dense(5, in_units=784), nn.Dense(classes, in_units=5))
        self.stages = [*self.features]
        self.by_name = {"last": self.stages[1]}

    def forward(self, x):
        for each in self.stages:
            x = each(x)
        return x


class Attention(Dense):
    def __init__(self, classes):
        super().__init__(classes)
        self.drop = nn.Dropout(0.5)

    def forward(self, x):
        self.attention = self.drop(nd.softmax(x.reshape((0, -1))))
        self.noise = numpy.random.rand()
        return self.dense(self.attention * self.noise)


class CountsForEvaluation(Dense):
    calls = 0

    def forward(self, x):
        self.calls += autograd.is_training()
        return self.dense(x) * (1 if autograd.is_training() else self.calls)


class CountsToMany(Counts):
    def forward(self, x):
        self.calls += 1
        return self.dense(x) * (1 if self.calls < 1000 else 2)


class Logs(Kept):
    calls = 0

    def __init__(self, classes):
        super().__init__(classes)
        self.began = [0.0] * 100

    def forward(self, x):
        self.took = time.time()
        self.began[self.calls] = self.took
        self.calls += 1
        return super().forward(x)
"""


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "Moving",
            "Moving.mean is an array that changes in training, and is not saved with the network "
            "(strange.py:22); allowed is self.mean = self.params.get('mean', grad_req='null', ...)",
        ),
        ("InPlace", "InPlace.mean is an array that changes in training, and is not saved with the"),
        ("OfNumPy", "OfNumPy.steps is an array that changes in training, and is not saved with "),
        (
            "Counts",
            "Counts.calls is a number that changes in training and changes the scores, and is not "
            "saved with the network (strange.py:142); allowed is self.calls = self.params.get("
            "'calls', grad_req='null', ...), or to leave it out",
        ),
        ("CountsForEvaluation", "CountsForEvaluation.calls is a number that changes in training a"),
        ("CountsToMany", "CountsToMany.calls is a number that changes in training and changes the"),
        ("Listed", "its parameter listed0_scale is not saved with the network, since it is no "),
        ("Asked", "its parameter asked0_scale is not saved with the network, since it is no attri"),
        (
            "Sums",
            "its parameter dense.weight has grad_req='add', which sums the gradients of all steps; "
            "allowed are 'write' and 'null'",
        ),
        ("Empty", "has nothing to train (strange.py:98); allowed is a network with a parameter "),
        ("Frozen", "has nothing to train (strange.py:103); allowed is a network with a parameter "),
        ("Severed", "trained for one step: MXNetError: Check failed: "),
        ("Backward", "trained for one step: MXNetError: Check failed: "),
        ("InTraining", "given 2 images of 1×28×28 in evaluation: returned (10,) (strange.py:"),
        ("RaisesLater", "given 2 images of 1×28×28 in evaluation: strange.py:134: AssertionError"),
    ],
)
def test_networks_that_could_not_be_trained_or_kept_get_a_line(tmp_path, name, message):
    (tmp_path / "strange.py").write_text(STRANGE)
    with pytest.raises(UserError) as caught:
        tried(tmp_path, f"strange.{name}")
    text = str(caught.value)
    assert text.startswith(f"model._target_=strange.{name}: {message}"), text
    assert "\n" not in text


@pytest.mark.parametrize("name", ["Cache", "Batches", "Kept", "Attention", "Logs"])
def test_what_follows_from_the_images_and_parameters_or_only_logs_is_no_state(tmp_path, name):
    (tmp_path / "strange.py").write_text(STRANGE)
    assert tried(tmp_path, f"strange.{name}").note.startswith(f"model._target_=strange.{name}: run")


def test_layers_that_are_found_elsewhere_may_be_listed_too(tmp_path):
    (tmp_path / "strange.py").write_text(STRANGE)
    known = tried(tmp_path, "strange.Stages")
    assert known.note.startswith("model._target_=strange.Stages: runs eagerly")
    assert [*values(built(known.network))] == [
        *("features.0.weight", "features.0.bias", "features.1.weight", "features.1.bias")
    ]


IN_GRAPHS = """import random

from mxnet import autograd, np, npx
from mxnet.gluon import nn


class Net(nn.HybridBlock):
    def __init__(self, classes):
        super().__init__()
        self.seen = []
        self.dense = nn.Dense(classes)


class Layers(Net):
    def __init__(self, classes):
        super().__init__(classes)
        self.drop, self.norm = nn.Dropout(0.5), nn.BatchNorm()

    def hybrid_forward(self, F, x):
        return self.drop(self.dense(self.norm(x)))


class Steps(Net):
    def hybrid_forward(self, F, x):
        self.seen.append("a step")
        return self.dense(x) * len(self.seen)


class Length(Net):
    def hybrid_forward(self, F, x):
        return self.dense(x) / len(x)


class Random(Net):
    def hybrid_forward(self, F, x):
        return self.dense(x) * random.random()


class First(Net):
    def hybrid_forward(self, F, x):
        return self.dense(x) - self.dense(x)[0]


class ForNumpy(Steps):
    def __init__(self, classes):
        npx.set_np()
        super().__init__(classes)


class Sampling(Net):
    def hybrid_forward(self, F, x):
        scale = F.random.normal(shape=(1,))
        shift = F.random.normal(shape=(1, 10))
        return F.broadcast_mul(F.broadcast_add(self.dense(x), shift), scale)


class InTraining(Net):
    def hybrid_forward(self, F, x):
        scores = self.dense(x)
        return 2 * scores if autograd.is_training() else scores


class Added(Net):
    def hybrid_forward(self, F, x):
        return self.dense(x) + F.random.normal(shape=(1,))


class Logarithm(Net):
    def hybrid_forward(self, F, x):
        return F.log(self.dense(x))


class Infinite(Steps):
    def hybrid_forward(self, F, x):
        return super().hybrid_forward(F, x) / F.relu(self.dense(x))


class Squeezed(nn.HybridSequential):
    def __init__(self, classes):
        super().__init__()
        self.add(nn.Conv2D(classes, 3, in_channels=1), nn.GlobalAvgPool2D())

    def hybrid_forward(self, F, x):
        return F.squeeze(super().hybrid_forward(F, x))


class SqueezedBefore(Net):
    def __init__(self, classes):
        super().__init__(classes)
        self.squeezed, self.dense = Squeezed(5), nn.Dense(classes, in_units=5)

    def hybrid_forward(self, F, x):
        return self.dense(self.squeezed(x))
"""
OTHER_SCORES = (
    "its graph returns other scores than its code (in_graphs.py:{}), since Python runs once, when "
    "the graph is made; allowed are operators of F on x and on parameters alone, or a gluon.Block, "
    "which runs eagerly"
)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Steps", OTHER_SCORES.format(23)),
        ("Length", OTHER_SCORES.format(29)),
        ("Random", OTHER_SCORES.format(34)),
        ("First", OTHER_SCORES.format(39)),
        ("ForNumpy", OTHER_SCORES.format(44)),
        ("Infinite", OTHER_SCORES.format(73)),
        ("Added", "MXNetError: Error in operator added"),
    ],
)
def test_a_graph_that_computes_something_else_gets_a_line(tmp_path, name, message):
    (tmp_path / "in_graphs.py").write_text(IN_GRAPHS)
    with pytest.raises(UserError) as caught:
        tried(tmp_path, f"in_graphs.{name}")
    text = str(caught.value)
    begin = (
        f"model._target_=in_graphs.{name}: given 2 images of 1×28×28 in evaluation, in one graph"
    )
    assert text.startswith(f"{begin}: {message}"), text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("name", "error"),
    [
        (
            "Squeezed",
            "returned (10,) (in_graphs.py:78); allowed is (1, 10), 10 scores for each image, one "
            "for each class, or number to predict, of the dataset",
        ),
        (
            "SqueezedBefore",
            "in_graphs.py:93: MXNetError: Shape inconsistent, Provided = [10,5], inferred "
            "shape=(10,1)",
        ),
    ],
)
def test_a_network_that_takes_no_single_image_gets_a_line(tmp_path, name, error):
    (tmp_path / "in_graphs.py").write_text(IN_GRAPHS)
    with pytest.raises(UserError) as caught:
        tried(tmp_path, f"in_graphs.{name}")
    assert str(caught.value) == (
        f"model._target_=in_graphs.{name}: given 1 image of 1×28×28 in evaluation: {error}; a batch"
        " may be a single image, whose dimension F.squeeze(x) takes away, too, and F.squeeze(x, "
        "axis=(2, 3)) does not"
    )


@pytest.mark.parametrize("name", ["Layers", "Sampling", "InTraining", "Logarithm"])
def test_what_is_drawn_or_not_finite_or_otherwise_in_training_may_be_in_a_graph(tmp_path, name):
    (tmp_path / "in_graphs.py").write_text(IN_GRAPHS)
    assert tried(tmp_path, f"in_graphs.{name}").note == ""


@pytest.mark.parametrize("is_link", [False, True])
def test_modules_in_another_folder_of_pythons_path_are_copied_too(
    tmp_path, tmp_path_factory, monkeypatch, is_link
):
    source, link = tmp_path / "src", tmp_path_factory.mktemp("links") / "src"
    source.mkdir()
    link.symlink_to(source)
    (source / "src_nets.py").write_text(NETS)
    monkeypatch.syspath_prepend(link if is_link else source)
    network = tried(tmp_path, "src_nets.Net").network
    assert network._source_ == own_modules.identity({"src_nets.py": NETS.encode()})
    (tmp_path / "src" / "src_nets.py").write_text("raise RuntimeError")
    assert values(built(network))["dense.weight"].shape == (10, 4 * 24 * 24)


def test_modules_that_are_not_imported_from_their_copies_get_a_line(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "src_nets.py").write_text(NETS)
    (tmp_path / "finds.py").write_text(
        "import sys\nsys.path.insert(0, 'src')\nfrom src_nets import Net\n"
    )
    with pytest.raises(UserError) as caught:
        tried(tmp_path, "finds.Net")
    assert str(caught.value).startswith(
        f"model._target_=finds.Net: its module src_nets is imported from {tmp_path}/src/src_nets.py"
        ", and not from the copy of it that is to train; allowed are modules"
    )


def test_a_module_that_is_neither_below_the_folder_nor_installed_gets_a_note(
    tmp_path, tmp_path_factory, monkeypatch
):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "far_nets.py").write_text(NETS)
    monkeypatch.syspath_prepend(elsewhere)
    network, note = tried(tmp_path, "far_nets.Net").network, tried(tmp_path, "far_nets.Net").note
    assert note == (
        f"model._target_=far_nets.Net: {elsewhere}/far_nets.py is not below the folder of the "
        "command, so it is neither recorded nor in the fingerprint"
    )
    assert network._source_ == own_modules.identity({})


def test_helpers_that_are_neither_below_the_folder_nor_installed_are_in_a_note(
    tmp_path, tmp_path_factory, monkeypatch
):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "shared_blocks.py").write_text("import xml.dom\n\nWIDTH = 7\n")
    monkeypatch.syspath_prepend(elsewhere)
    text = f"from shared_blocks import WIDTH\n{NETS.replace('width=4', 'width=WIDTH')}"
    (tmp_path / "helped.py").write_text(text)
    known = tried(tmp_path, "helped.Net")
    assert known.note == (
        f"model._target_=helped.Net: {elsewhere}/shared_blocks.py is not below the folder of the "
        "command, so it is neither recorded nor in the fingerprint"
    )
    assert known.network._source_ == own_modules.identity({"helped.py": text.encode()})


def test_of_many_helpers_the_first_are_in_the_note(tmp_path, tmp_path_factory, monkeypatch):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "lab").mkdir()
    names = ["__init__", "four", "one", "three", "two"]
    for name in names:
        (elsewhere / "lab" / f"{name}.py").write_text("")
    monkeypatch.syspath_prepend(elsewhere)
    (tmp_path / "helped.py").write_text(
        "from lab import four, one, three, two\nfrom my_nets import Net\n"
    )
    files = ", ".join(f"{elsewhere}/lab/{each}.py" for each in names[:3])
    assert tried(tmp_path, "helped.Net").note == (
        f"model._target_=helped.Net: {files} and 2 more are not below the folder of the command, "
        "so they are neither recorded nor in the fingerprint"
    )


def test_a_helper_that_networks_share_is_in_the_note_of_each_that_imports_it(
    tmp_path, tmp_path_factory, monkeypatch
):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "helper.py").write_text("import helper_of_it\n")
    (elsewhere / "helper_of_it.py").write_text("")
    monkeypatch.syspath_prepend(elsewhere)
    (tmp_path / "one.py").write_text(f"import helper\n{NETS}")
    (tmp_path / "two.py").write_text(f"from helper import helper_of_it\n{NETS}")
    note = (
        f"{elsewhere}/helper.py, {elsewhere}/helper_of_it.py are not below the folder of the "
        "command, so they are neither recorded nor in the fingerprint"
    )
    notes = {name: tried(tmp_path, f"{name}.Net").note for name in ("one", "two", "my_nets")}
    assert notes == {
        "one": f"model._target_=one.Net: {note}",
        "two": f"model._target_=two.Net: {note}",
        "my_nets": "",
    }
    (elsewhere / "helper.py").write_text("def half_written(:")
    assert tried(tmp_path, "one.Net").note == (
        f"model._target_=one.Net: {elsewhere}/helper.py is not below the folder of the command, so "
        "it is neither recorded nor in the fingerprint"
    )
