"""Shapes of operators, as they are computed here, beside those that MXNet 1.9.1 computes."""

import pytest

from sweep.backend.mxnet import mx
from sweep.networks.params_file import Broken
from sweep.networks.symbols.operators import OPERATORS
from sweep.networks.symbols.outputs import scores_of
from sweep.networks.symbols.reading import read_graph
from sweep.networks.symbols.shapes import check_shapes

S = mx.sym
IMAGE = (4, 11, 9)
DATA = S.var("data")


def made(operator, *inputs, **attributes):
    """An operator of any name, also of those that ``mx.sym`` does not show."""
    found = getattr(S, operator, None) or getattr(S._internal, operator)
    return found(*inputs, name="one", **attributes)


def of_data(operator, **attributes):
    return lambda: made(operator, S.var("data"), **attributes)


def of_two(operator, **attributes):
    data = S.var("data")
    return lambda: made(operator, data, S.relu(data), **attributes)


def of_vector(operator):
    constant = S.var("constant", shape=(1, 4, 1, 1))
    return lambda: made(operator, S.var("data"), constant)


WINDOW = {"kernel": (3, 2), "stride": (2, 1), "pad": (1, 0)}
CASES = {
    **{
        f"FullyConnected {each}": of_data("FullyConnected", num_hidden=7, **each)
        for each in ({}, {"no_bias": True}, {"flatten": False})
    },
    **{
        f"{name} {each}": of_data(name, num_filter=8, **each)
        for name in ("Convolution", "Deconvolution")
        for each in (
            WINDOW,
            {"kernel": (3, 3), "num_group": 4, "no_bias": False},
            WINDOW | {"dilate": (2, 2)},
        )
    },
    "Deconvolution adj": of_data(
        "Deconvolution", num_filter=2, kernel=(3, 3), stride=(2, 2), adj=(1, 1)
    ),
    "Convolution_v1": of_data("Convolution_v1", num_filter=8, kernel=(3, 3)),
    **{
        f"{name} {kind} {rule}": of_data(name, pool_type=kind, pooling_convention=rule, **WINDOW)
        for name in ("Pooling", "Pooling_v1")
        for kind in ("max", "avg", "sum")
        for rule in ("valid", "full")
    },
    "Pooling global": of_data("Pooling", kernel=(1, 1), global_pool=True, pool_type="avg"),
    **{name: of_data(name) for name in ("BatchNorm", "BatchNorm_v1", "InstanceNorm", "LayerNorm")},
    "BatchNorm axis": of_data("BatchNorm", axis=2),
    **{
        f"LeakyReLU {kind}": of_data("LeakyReLU", act_type=kind)
        for kind in ("elu", "leaky", "prelu", "selu", "gelu")
    },
    "LeakyReLU rrelu": lambda: made("LeakyReLU", DATA, act_type="rrelu")[0],
    "LRN": of_data("LRN", nsize=5),
    "UpSampling": of_data("UpSampling", scale=3, sample_type="nearest"),
    "_contrib_AdaptiveAvgPooling2D": lambda: S.contrib.AdaptiveAvgPooling2D(
        S.var("data"), output_size=(3, 2)
    ),
    "Dropout": of_data("Dropout", p=0.3),
    **{
        f"L2Normalization {m}": of_data("L2Normalization", mode=m)
        for m in ("instance", "channel", "spatial")
    },
    "SoftmaxActivation": of_data("SoftmaxActivation", mode="channel"),
    "Activation": of_data("Activation", act_type="softrelu"),
    **{name: of_data(name, axis=1) for name in ("softmax", "log_softmax")},
    **{name: of_two(name) for name in ("add_n", "ElementWiseSum")},
    "hard_sigmoid": of_data("hard_sigmoid"),
    "smooth_l1": of_data("smooth_l1", scalar=1.0),
    "clip": of_data("clip", a_min=0, a_max=6),
    **{name: of_data(name, dtype="float32") for name in ("Cast", "cast")},
    **{name: of_two(name, dim=2) for name in ("Concat", "concat")},
    "concat from the end": of_two("concat", dim=-1),
    **{
        name: lambda name=name: made(name, S.var("data"), num_outputs=2)[1]
        for name in ("SliceChannel", "split")
    },
    "split squeezed": lambda: made("split", S.var("data"), num_outputs=4, squeeze_axis=True)[3],
    **{name: of_data(name) for name in ("Flatten", "flatten")},
    **{
        f"Reshape {shape}": of_data("Reshape", shape=shape)
        for shape in (
            (0, -1),
            (-1, 396),
            (0, -3, 9),
            (0, 0, -3),
            (-2, 1),
            (0, -4, 2, 2, -2),
            (0, -4, -1, 4, 0, 0),
        )
    },
    "reshape": of_data("reshape", shape=(0, 4, -1)),
    "transpose": of_data("transpose", axes=(0, 2, 3, 1)),
    **{f"expand_dims {axis}": of_data("expand_dims", axis=axis) for axis in (1, 4)},
    "squeeze": lambda: made("squeeze", S.expand_dims(S.var("data"), axis=1), axis=(1,)),
    **{
        f"slice_axis {bounds}": of_data("slice_axis", axis=2, begin=bounds[0], end=bounds[1])
        for bounds in ((0, 3), (-4, None), (2, -1))
    },
    "slice": of_data("slice", begin=(None, 1, 0), end=(None, None, 8), step=(None, 2, 3)),
    "slice backwards": of_data("slice", begin=(None, 3), end=(None, 0), step=(None, -1)),
    **{
        f"{name} {mode}": of_data(name, mode=mode, pad_width=(0, 0, 0, 0, 1, 2, 3, 0))
        for name in ("Pad", "pad")
        for mode in ("constant", "edge", "reflect")
    },
    **{
        f"{name} {axis}": of_data(name, axis=axis, keepdims=name == "max")
        for name in ("mean", "sum", "max", "min", "sum_axis", "max_axis", "min_axis")
        for axis in (1, (2, 3), -1)
    },
    "mean exclude": of_data("mean", axis=(0, 1), exclude=True),
}
for name in OPERATORS:
    rule = OPERATORS[name].rule
    if rule is OPERATORS["elemwise_add"].rule and name not in CASES:
        CASES[name] = of_two(name)
    elif rule is OPERATORS["broadcast_add"].rule:
        CASES[name] = of_vector(name)
    elif rule is OPERATORS["_plus_scalar"].rule and name not in CASES:
        takes_one = "scalar" in OPERATORS[name].attributes
        CASES[name] = of_data(name, **({"scalar": 2.0} if takes_one else {}))


def test_every_operator_is_compared():
    assert {each.partition(" ")[0] for each in CASES} >= {*OPERATORS}


@pytest.mark.parametrize("case", CASES)
def test_shapes_are_those_of_mxnet(case):
    symbol = CASES[case]()
    graph = scores_of(read_graph(S.sin(symbol).tojson()), None, None).graph
    checked = check_shapes(graph, IMAGE, {})
    arguments, (output,), running = S.load_json(graph.to_json()).infer_shape(data=(2, *IMAGE))
    names = [*symbol.list_arguments(), *symbol.list_auxiliary_states()]
    truth = dict(zip(names, [*arguments, *running], strict=True))
    del truth["data"]
    assert (checked.output, dict(checked.parameters)) == (output[1:], truth)


REFUSED = {
    "kernel": of_data("Convolution", num_filter=8, kernel=(3,)),
    "nothing is left": of_data("Convolution", num_filter=8, kernel=(12, 3)),
    "groups": of_data("Convolution", num_filter=8, kernel=(3, 3), num_group=3),
    "pad": of_data("Pooling", kernel=(2, 2), pad=(2, 2)),
    "reshape": of_data("Reshape", shape=(0, 5, -1)),
    "two unknown": of_data("Reshape", shape=(-1, -1)),
    "axes": of_data("transpose", axes=(0, 1)),
    "axis": of_data("BatchNorm", axis=5),
    "parts": lambda: made("split", S.var("data"), num_outputs=3)[0],
    "slice": of_data("slice_axis", axis=2, begin=5, end=2),
    "too large": of_data("UpSampling", scale=1024, sample_type="nearest"),
    "even": of_data("LRN", nsize=4),
    "not of each image": of_data("transpose"),
    "for one number of images": of_data("Reshape", shape=(2, -1)),
    "sums of other shapes": lambda: S.elemwise_add(
        DATA, S.slice_axis(DATA, axis=1, begin=0, end=2)
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_refused(case):
    graph = scores_of(read_graph(S.sin(REFUSED[case]()).tojson()), None, None).graph
    with pytest.raises(Broken):
        check_shapes(graph, IMAGE, {})
