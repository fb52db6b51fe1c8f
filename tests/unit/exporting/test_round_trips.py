"""Every network, exported and computed by onnxruntime and by NumPy, answers as MXNet does."""

import json

import numpy as np
import pytest
from round_trips import exported, images, updated

from sweep.backend.mxnet import gluon, mx, nd
from sweep.config.compose import CONF, load
from sweep.data.scaling import Scaling
from sweep.errors import UserError
from sweep.exporting.computing import COMPUTED, answers
from sweep.exporting.format import EXPORTS
from sweep.exporting.graph import Graph
from sweep.exporting.node import Node
from sweep.exporting.onnx_graph import TRANSLATIONS, translated
from sweep.networks.blocks.scaled import scaled
from sweep.networks.build import build_network

pytest.importorskip("onnx", reason="the extra onnx is not installed")
pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")

ONNX = EXPORTS["onnx"]
GREY = (1, 16, 16)
SMALL = {  # cheap ones, by their model
    "linear": (),
    "mlp": ("model.hidden=[8,6]", "model.batch_norm=true"),
    "lenet": ("model.hidden=[8]", "model.channels=[3,5]", "model.kernels=[5,3]"),
    "alexnet": ("model.channels=[4,6,8]", "model.kernels=[5,3,3]", "model.hidden=[8]"),
    "vgg": ("model.channels=[4,6]", "model.blocks=[1,2]", "model.hidden=[8]"),
    "nin": ("model.channels=[4,6]", "model.kernels=[5,3]"),
    "googlenet": ("model.width=0.05", "model.blocks=[1,1,1]"),
    "resnet": ("model.channels=[4,6]", "model.blocks=[1,1]"),
    "resnet20": ("model.channels=[4,6]", "model.blocks=[1,2]"),  # padded shortcuts
    "densenet": ("model.stem_channels=4", "model.growth=3", "model.blocks=[2,1]"),
}


def assert_the_same(net, shape, folder):
    """Compare the answers of onnxruntime and of NumPy with MXNet's; return the graph."""
    graph, given = exported(net, shape, folder), images(shape)
    right = net(nd.array(given)).asnumpy()
    largest = np.abs(right).max()
    ONNX.write(graph, folder / "net.onnx")
    for found in (ONNX.answers(graph, folder / "net.onnx")(given), answers(graph, given)):
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, right, rtol=0, atol=1e-5 * largest)
    assert np.ptp(right, axis=0).max() > 1e-3 * largest  # they answer something else to each image
    return graph


def test_no_family_is_left_out():
    assert sorted(SMALL) == sorted(
        each.stem
        for each in (CONF / "model").glob("*.yaml")
        if each.stem not in ("custom", "symbol", "zoo")
    )


@pytest.mark.parametrize("name", SMALL)
def test_families(name, tmp_path):
    model = load(f"model={name}", *SMALL[name]).model
    net = build_network(model, GREY, 10, seed=3, context=mx.cpu())
    assert_the_same(updated(net, GREY), GREY, tmp_path)


def test_a_network_of_the_zoo(tmp_path):
    mx.random.seed(1)
    net = gluon.model_zoo.vision.get_model("mobilenetv2_0.25", classes=10)
    net.initialize(mx.init.MSRAPrelu())
    assert_the_same(updated(net, (3, 32, 32)), (3, 32, 32), tmp_path)


def test_normalisation_is_in_it(tmp_path):
    mean = np.array([0.2, 0.4, 0.5], np.float32).reshape(1, 3, 1, 1)
    net = build_network(load("model=mlp").model, (3, 8, 8), 10, seed=0, context=mx.cpu())
    net = scaled(net, Scaling(mean, 1 / mean), mx.cpu())
    graph = assert_the_same(net, (3, 8, 8), tmp_path)
    assert {"scaled_mean", "scaled_factor"} < set(graph.parameters)


def own(compute, *layers):
    """A user's own network: some layers, what it does itself, and a dense layer."""
    net = gluon.nn.HybridSequential()
    net.add(*layers, gluon.nn.HybridLambda(compute), gluon.nn.Dense(10))
    mx.random.seed(2)
    net.initialize(mx.init.Normal(0.5))
    return net


OWN = {
    "windows of all kinds": lambda F, x: F.concat(
        *[
            F.flatten(F.Pooling(x, kernel=(3, 2), stride=(2, 3), pool_type=kind, **options))
            for kind in ("max", "avg", "sum")
            for options in (
                {},
                {"pad": (1, 0)},
                {"pooling_convention": "full"},
                {"pooling_convention": "full", "pad": (1, 0), "count_include_pad": False},
                {"pooling_convention": "full", "pad": (1, 0)},
                {"pad": (1, 1), "count_include_pad": False},
            )
        ],
        *[
            F.flatten(F.Pooling(x, global_pool=True, pool_type=kind))
            for kind in ("max", "avg", "sum")
        ],
        dim=1,
    ),
    "activations": lambda F, x: F.concat(
        *[
            F.Activation(x - 0.5, act_type=kind)
            for kind in ("relu", "sigmoid", "tanh", "softrelu", "softsign")
        ],
        *[
            F.LeakyReLU(x - 0.5, act_type=kind, slope=0.3)
            for kind in ("leaky", "elu", "selu", "gelu")
        ],
        F.LeakyReLU(x - 0.5, act_type="rrelu")[0],
        F.hard_sigmoid(6 * x - 3),
        F.clip(8 * x - 1, 0, 6),
    ),
    "functions": lambda F, x: F.concat(
        *[getattr(F, name)(x + 0.1) for name in ("exp", "log", "sqrt", "rsqrt", "square", "abs")],
        *[getattr(F, name)(x + 0.1) for name in ("reciprocal", "erf", "sin", "cos", "negative")],
        F.floor(9 * x),
        F.ceil(9 * x),
        *[getattr(F, name)(x - 0.5) for name in ("relu", "sigmoid", "tanh", "softsign")],
        F.identity(F.BlockGrad(x)),
    ),
    "numbers": lambda F, x: F.concat(
        *(x + 2, x - 2, 2 - x, x * 3, x / 3, 3 / (x + 1), (x + 1) ** 2),
        *(F.broadcast_maximum(x, F.mean(x, axis=1, keepdims=True)), F.maximum(x, 0.5)),
        F.minimum(x, 0.5),
    ),
    "pairs": lambda F, x: F.concat(x + 2 * x, x - x * x, x * x, x / (x + 1)),
    "pairs of other shapes": lambda F, x: F.concat(
        *[
            getattr(F, f"broadcast_{name}")(x, F.slice_axis(x, axis=2, begin=row, end=row + 1))
            for row, name in enumerate(("add", "sub", "mul", "div", "minimum"))
        ]
    ),
    "extremes": lambda F, x: F.concat(F.maximum(x, 1 - x), F.minimum(x, 1 - x)),
    "powers": lambda F, x: F.add_n(
        F.broadcast_power(x + 1, F.max(x, axis=(2, 3), keepdims=True)), 2 * x, x, (x + 1) ** x
    ),
    "types": lambda F, x: F.concat(
        *[
            F.cast(F.cast(F.floor(9 * x), kind) * 2, "float32")
            for kind in ("float16", "int32", "float64")
        ]
    ),
    "numbers of other types": lambda F, x: F.cast(
        F.cast(F.clip(F.cast(x, "float64") * 3 + 0.5, 0, 2) / 7, "float32") + 0.25, "float32"
    ),
    "axes": lambda F, x: F.concat(
        *[F.flatten(F.mean(x, axis=axis, exclude=exclude)) for axis, exclude in ((1, 0), (0, 1))],
        *[F.flatten(getattr(F, kind)(x, axis=(1, 3))) for kind in ("sum", "max", "min")],
        F.flatten(F.transpose(x, axes=(0, 2, 3, 1))),
        F.flatten(F.swapaxes(x, 1, 2)),
        F.softmax(F.flatten(x)),
        F.softmax(F.flatten(x), temperature=0.5),
        F.log_softmax(F.flatten(x)),
        dim=1,
    ),
    "parts": lambda F, x: F.concat(
        F.flatten(
            F.slice(x, begin=(None, None, 5, None), end=(None, None, 1, 4), step=(1, 1, -2, 1))
        ),
        F.flatten(F.slice_axis(x, axis=3, begin=-3, end=None)),
        F.flatten(F.slice_like(x, F.slice_axis(x, axis=2, begin=0, end=2), axes=(2,))),
        *[F.flatten(each) for each in F.split(x, num_outputs=2, axis=2)],
        *[F.flatten(each) for each in F.split(x, num_outputs=4, axis=1, squeeze_axis=True)],
        F.flatten(F.stack(x, x, axis=1)),
        dim=1,
    ),
    "shapes": lambda F, x: F.concat(
        F.reshape(x, (0, -1)),
        F.flatten(F.reshape(x, (0, -3, -2))),
        F.flatten(F.reshape(x, (0, 0, -4, 2, -1, 0))),
        F.flatten(F.squeeze(F.expand_dims(x, axis=2), axis=2)),
        F.flatten(F.reshape(x, (0, -1, 0), reverse=True).reshape((-1, 256))),
        *[
            F.flatten(F.pad(x, mode=mode, pad_width=(0, 0, 0, 0, 1, 2, 0, 1), constant_value=0.5))
            for mode in ("constant", "edge", "reflect")
        ],
        dim=1,
    ),
    "products": lambda F, x: F.concat(
        F.flatten(
            F.batch_dot(F.reshape(x, (0, -3, 0)), F.reshape(x, (0, -3, 0)), transpose_a=True)
        ),
        F.flatten(
            F.batch_dot(F.reshape(x, (0, -3, 0)), F.reshape(x, (0, -3, 0)), transpose_b=True)
        ),
        F.dot(F.flatten(x), F.dot(F.flatten(x), F.flatten(x), transpose_a=True)),
        F.dot(F.dot(F.flatten(x), F.flatten(x), transpose_b=True), F.flatten(x)),
        F.flatten(F.L2Normalization(x, mode="channel")),
        F.flatten(F.L2Normalization(x)),
        F.flatten(F.LRN(x, nsize=3, alpha=0.1)),
        dim=1,
    ),
}


@pytest.mark.parametrize("name", OWN)
def test_own_networks(name, tmp_path):
    net = own(OWN[name], gluon.nn.Conv2D(4, 3, padding=1, activation="sigmoid"))
    net(nd.zeros((1, 2, 8, 8)))
    assert_the_same(net, (2, 8, 8), tmp_path)


def layers():
    return [
        gluon.nn.Conv2D(6, (3, 2), strides=(2, 1), padding=(1, 2), dilation=2, groups=2),
        gluon.nn.PReLU(),
        gluon.nn.InstanceNorm(),
        gluon.nn.BatchNorm(scale=False),
        gluon.nn.LayerNorm(),
        gluon.nn.Dropout(0.5),
        gluon.nn.Dense(5, flatten=False, activation="tanh"),
    ]


def test_layers(tmp_path):
    net = own(lambda F, x: x, *layers())
    assert_the_same(updated(net, (4, 9, 9)), (4, 9, 9), tmp_path)


def test_a_block_that_is_called_twice(tmp_path):
    dense = gluon.nn.Dense(10, in_units=10, activation="relu")
    net = gluon.nn.HybridSequential()
    net.add(gluon.nn.Dense(10), dense, gluon.nn.HybridLambda(lambda F, x: x + 0.5), dense)
    net.initialize(mx.init.Normal(0.5))
    assert_the_same(net, (1, 4, 4), tmp_path)


def test_a_gamma_that_is_fixed_is_1_whatever_the_file_has(tmp_path):
    norm = gluon.nn.BatchNorm(scale=False)
    net = own(lambda F, x: x, norm)
    net(nd.zeros((1, 2, 3, 3)))
    norm.gamma.set_data(nd.array([5, 6]))
    assert_the_same(net, (2, 3, 3), tmp_path)


def test_with_scaling_and_softmax(tmp_path):
    model = load("model=lenet", *SMALL["lenet"]).model
    net = build_network(model, GREY, 10, seed=3, context=mx.cpu())
    graph = exported(net, GREY, tmp_path).with_scaling().with_softmax()
    given = np.random.RandomState(0).randint(0, 256, (7, *GREY)).astype(np.uint8)
    right = nd.softmax(net(nd.array(given.astype(np.float32) / 255))).asnumpy()
    ONNX.write(graph, tmp_path / "net.onnx")
    for found in (ONNX.answers(graph, tmp_path / "net.onnx")(given), answers(graph, given)):
        np.testing.assert_allclose(found, right, rtol=0, atol=1e-6)


def test_what_the_file_says(tmp_path):
    import onnx

    net = build_network(load("model=mlp").model, GREY, 10, seed=3, context=mx.cpu())
    ONNX.write(exported(net, GREY, tmp_path), tmp_path / "net.onnx")
    made = onnx.load(str(tmp_path / "net.onnx"))
    assert [(each.domain, each.version) for each in made.opset_import] == [("", 17)]
    assert (made.ir_version, made.producer_name) == (8, "gluon-sweep")
    described = {}
    for each in (*made.graph.input, *made.graph.output):
        sides = each.type.tensor_type.shape.dim
        described[each.name] = [side.dim_param or side.dim_value for side in sides]
    assert described == {"images": ["batch", 1, 16, 16], "scores": ["batch", 10]}


def test_weights_that_zeros_are_added_to_are_constants(tmp_path, monkeypatch):
    monkeypatch.setattr("sweep.networks.families.lenet.float_lanes", lambda: 16)
    net = build_network(load("model=lenet").model, (1, 28, 28), 10, seed=0, context=mx.cpu())
    graph = exported(net, (1, 28, 28), tmp_path)
    kinds = [each.kind for each in translated(graph).nodes]
    assert kinds == [
        *["Conv", "MaxPool", "Tanh"] * 2,
        *("Slice", "Flatten", "Gemm", "Tanh", "Gemm", "Identity"),
    ]


def test_both_cover_the_same_operators():
    assert TRANSLATIONS.names() == COMPUTED.names()


def test_each_is_compared_with_mxnet():
    compared = [gluon.nn.HybridLambda(each) for each in OWN.values()] + [
        own(lambda F, x: x, *layers())
    ]
    graphs = [json.loads(each(mx.sym.var("data")).tojson()) for each in compared]
    operators = {node["op"] for graph in graphs for node in graph["nodes"]} - {"null"}
    assert sorted({*operators, "identity"}) == COMPUTED.names()  # which MXNet writes as _copy


def test_a_network_that_does_not_look_at_the_images_is_refused(tmp_path):
    node = Node("Flatten", "row", ("weight",), {})
    graph = Graph((node,), {"weight": np.ones((1, 4), np.float32)}, "data", "row", (1, 2, 2))
    with pytest.raises(UserError, match=r"^the network answers row, which is the same for all im"):
        ONNX.write(graph, tmp_path / "net.onnx")


def test_names_of_parameters_and_types_of_answers(tmp_path):
    """Parameters are called as what the file takes and answers is; the answers are float16."""
    halves = np.arange(8, dtype=np.float16).reshape(2, 4)
    parameters = {"images": halves, "scores": np.ones(2, np.float16)}
    nodes = (
        Node("Cast", "half", ("data",), {"dtype": "float16"}),
        Node("FullyConnected", "dense", ("half", "images", "scores"), {"num_hidden": "2"}),
    )
    graph = Graph(nodes, parameters, "data", "dense", (1, 2, 2))
    ONNX.write(graph, tmp_path / "net.onnx")
    given = np.ones((3, 1, 2, 2), np.float32)
    for found in (ONNX.answers(graph, tmp_path / "net.onnx")(given), answers(graph, given)):
        assert (found.dtype, found.tolist()) == (np.float32, [[7, 23]] * 3)


def test_what_onnx_refuses_is_one_line(tmp_path):
    nodes = (
        Node("Cast", "double", ("data",), {"dtype": "float64"}),
        Node("elemwise_add", "sum", ("double", "data"), {}),  # ONNX adds no two types
    )
    graph = Graph(nodes, {}, "data", "sum", (1, 2, 2))
    with pytest.raises(UserError, match=r"^ONNX does not take the network: .+--numpy writes one "):
        ONNX.write(graph, tmp_path / "net.onnx")


@pytest.mark.parametrize(
    ("compute", "message"),
    [
        (lambda F, x: F.arcsinh(x), "(arcsinh): this operator is not covered by the export"),
        (
            lambda F, x: F.Pooling(x, pool_type="lp", p_value=2, kernel=(2, 2)),
            "(Pooling): pool_type=lp is not covered; allowed is max, avg, sum",
        ),
        (
            lambda F, x: F.cast(x, "int8"),
            "(Cast): dtype=int8 is not covered; allowed is float32, float64, float16, int32",
        ),
    ],
)
def test_what_is_not_covered_is_named(compute, message, tmp_path):
    net = gluon.nn.HybridSequential()
    net.add(gluon.nn.Dense(2, flatten=False), gluon.nn.HybridLambda(compute))
    net.initialize()
    graph = exported(net, (1, 4, 4), tmp_path)
    with pytest.raises(UserError) as raised:
        ONNX.write(graph, tmp_path / "net.onnx")
    assert str(raised.value).endswith(message)
    assert not (tmp_path / "net.onnx").exists()
