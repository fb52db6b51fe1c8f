"""The operators with parameters, and those that look at neighbours: layers of networks."""

import math
from collections.abc import Sequence
from typing import Any

from sweep.networks.symbols.attributes import ignored, number, one_of, sides, switch, whole
from sweep.networks.symbols.operators import (
    Given,
    Misfit,
    Shape,
    Shapes,
    Values,
    axis_of,
    images,
    need,
    operator,
    told,
    with_parameters,
)

LAYERED = (3, 4, 5)  # dimensions of rows, of images and of volumes, with their channels
LAYOUTS = one_of("None", "NCW", "NCHW", "NCDHW")
GPU: dict[str, Any] = {
    "cudnn_tune": (ignored, None),
    "cudnn_off": (ignored, None),
    "workspace": (ignored, None),
}
WEIGHTED = ("data", "weight", "bias")
CONVOLVING: dict[str, Any] = {
    "kernel": (sides(1), ...),
    "stride": (sides(1), ()),
    "dilate": (sides(1), ()),
    "pad": (sides(0), ()),
    "num_filter": (whole(1), ...),
    "num_group": (whole(1), 1),
    "layout": (LAYOUTS, "None"),
    **GPU,
}


@operator(
    "FullyConnected",
    slots=WEIGHTED,
    num_hidden=(whole(1), ...),
    no_bias=(switch, False),
    flatten=(switch, True),
)
def fully_connected(given: Values, shapes: Given) -> Shapes:
    """A dense layer, on all values or on those of the last dimension."""
    data, units = need(shapes), given["num_hidden"]
    if len(data) < 2:
        raise Misfit(f"is given {told(data)}")
    inputs = math.prod(data[1:]) if given["flatten"] else data[-1]
    parameters = [(units, inputs)] if given["no_bias"] else [(units, inputs), (units,)]
    before = data[:1] if given["flatten"] else data[:-1]
    return with_parameters(shapes, *parameters), [(*before, units)]


@operator("Convolution", "Convolution_v1", slots=WEIGHTED, no_bias=(switch, False), **CONVOLVING)
def convolution(given: Values, shapes: Given) -> Shapes:
    """A convolution of one, two or three dimensions."""
    data, filters, groups = images(shapes, LAYERED), given["num_filter"], given["num_group"]
    kernel, stride, dilate, pad = _windows(given, len(data) - 2)
    channels = data[1]
    if channels % groups or filters % groups:
        raise Misfit(f"has {groups} groups of {channels} channels and {filters} filters")
    parameters: list[Shape] = [(filters, channels // groups, *kernel)]
    parameters += [] if given["no_bias"] else [(filters,)]
    reach = [step * (side - 1) + 1 for side, step in zip(kernel, dilate, strict=True)]
    fitting = _fitting(data, reach, stride, pad)
    return with_parameters(shapes, *parameters), [(data[0], filters, *fitting)]


@operator(
    "Deconvolution",
    slots=WEIGHTED,
    no_bias=(switch, True),
    adj=(sides(0), ()),
    **CONVOLVING,
)
def deconvolution(given: Values, shapes: Given) -> Shapes:
    """The transposed convolution."""
    data, filters, groups = images(shapes, LAYERED), given["num_filter"], given["num_group"]
    kernel, stride, dilate, pad = _windows(given, len(data) - 2)
    adj = given["adj"] or (0,) * len(kernel)
    channels = data[1]
    if channels % groups or filters % groups:
        raise Misfit(f"has {groups} groups of {channels} channels and {filters} filters")
    if len(adj) != len(kernel) or any(one >= step for one, step in zip(adj, stride, strict=True)):
        raise Misfit(f"has adj={adj}, which does not fit stride={stride}")
    parameters: list[Shape] = [(channels, filters // groups, *kernel)]
    parameters += [] if given["no_bias"] else [(filters,)]
    found = tuple(
        step * (side - 1) + apart * (size - 1) + 1 - 2 * edge + more
        for side, size, step, apart, edge, more in zip(
            data[2:], kernel, stride, dilate, pad, adj, strict=True
        )
    )
    if min(found) < 1:
        raise Misfit(f"leaves nothing of {told(data[1:])}")
    return with_parameters(shapes, *parameters), [(data[0], filters, *found)]


POOLING: dict[str, Any] = {
    "kernel": (sides(1), ()),
    "stride": (sides(1), ()),
    "pad": (sides(0), ()),
    "pool_type": (one_of("max", "avg", "sum"), "max"),
    "global_pool": (switch, False),
    "pooling_convention": (one_of("valid", "full"), "valid"),
}


@operator("Pooling_v1", **POOLING)
@operator(
    "Pooling",
    count_include_pad=(one_of("True", "False", "None", "true", "false"), "None"),
    layout=(LAYOUTS, "None"),
    cudnn_off=(ignored, None),
    **POOLING,
)
def pooling(given: Values, shapes: Given) -> Shapes:
    """The maximum, the mean or the sum under a window."""
    data = images(shapes, LAYERED)
    if given["global_pool"]:
        return [data], [(*data[:2], *(1 for _ in data[2:]))]
    if not given["kernel"]:
        raise Misfit("has no kernel")
    kernel, stride, _, pad = _windows({"dilate": (), **given}, len(data) - 2)
    if any(edge >= side for edge, side in zip(pad, kernel, strict=True)):
        raise Misfit(f"has pad={pad}, which is not below kernel={kernel}")
    found = _fitting(data, kernel, stride, pad)
    if given["pooling_convention"] == "full":
        zipped = zip(data[2:], kernel, stride, pad, strict=True)
        found = [1 + -(-(side + 2 * edge - size) // step) for side, size, step, edge in zipped]
    return [data], [(*data[:2], *found)]


def _windows(given: Values, dimensions: int) -> tuple[Shape, Shape, Shape, Shape]:
    """Return kernel, stride, dilation and padding, each with a number for each dimension."""
    kernel = given["kernel"]
    if len(kernel) != dimensions:
        raise Misfit(f"has kernel={kernel}, and is given {dimensions} dimensions")
    found = [kernel]
    for key, usual in (("stride", 1), ("dilate", 1), ("pad", 0)):
        value = given[key] or (usual,) * dimensions
        if len(value) != dimensions:
            raise Misfit(f"has {key}={value}, and kernel={kernel}")
        found.append(value)
    return found[0], found[1], found[2], found[3]


def _fitting(
    data: Shape, kernel: Sequence[int], stride: Sequence[int], pad: Sequence[int]
) -> list[int]:
    """Return how often a kernel fits in each direction."""
    zipped = zip(data[2:], kernel, stride, pad, strict=True)
    found = [(side + 2 * edge - size) // step + 1 for side, size, step, edge in zipped]
    if min(found) < 1:
        raise Misfit(f"leaves nothing of {told(data[1:])}")
    return found


@operator(
    "LeakyReLU",
    slots=("data", "gamma"),
    act_type=(one_of("elu", "selu", "gelu", "leaky", "prelu", "rrelu"), "leaky"),
    slope=(number, 0.25),
    lower_bound=(number, 0.125),
    upper_bound=(number, 0.334),
)
def leaky_relu(given: Values, shapes: Given) -> Shapes:
    """ReLU with a slope below 0, which is learned by ``prelu``: one, or one for each channel."""
    data = need(shapes)
    if given["act_type"] != "prelu":
        return with_parameters(shapes), [data]
    if len(data) < 2:
        raise Misfit(f"is given {told(data)}")
    of_channels = (data[1],)
    one_for_all = need(shapes, 1, usual=of_channels) == (1,)
    return with_parameters(shapes, (1,) if one_for_all else of_channels), [data]


@operator(
    "UpSampling",
    counts="num_args",
    scale=(whole(1, 1024), ...),
    sample_type=(one_of("nearest"), ...),
    num_args=(ignored, None),
    workspace=(ignored, None),
)
def upsampling(given: Values, shapes: Given) -> Shapes:
    """Each pixel several times."""
    data = images(shapes)
    scaled = tuple(side * given["scale"] for side in data[2:])
    return with_parameters(shapes), [(*data[:2], *scaled)]


@operator("_contrib_AdaptiveAvgPooling2D", output_size=(sides(1), ()))
def adaptive_pooling(given: Values, shapes: Given) -> Shapes:
    """Means of so many equal parts."""
    data, size = images(shapes), given["output_size"] or (1,)
    if len(size) > 2:
        raise Misfit(f"has output_size={size}")
    return with_parameters(shapes), [(*data[:2], *(size * 2)[:2])]


@operator("Dropout", p=(number, 0.5), mode=(one_of("training"), "training"), axes=(sides(0), ()),
          cudnn_off=(ignored, None))  # fmt: skip
def dropout(given: Values, shapes: Given) -> Shapes:
    """Part of the values set to 0, in training."""
    data = need(shapes)
    if not 0 <= given["p"] < 1 or any(axis >= len(data) for axis in given["axes"]):
        raise Misfit(f"has p={given['p']} and axes={given['axes']}")
    return with_parameters(shapes), [data]


@operator("SoftmaxActivation", mode=(one_of("instance", "channel"), "instance"))
@operator("Activation",
          act_type=(one_of("relu", "sigmoid", "tanh", "softrelu", "softsign"), ...))  # fmt: skip
def activation(given: Values, shapes: Given) -> Shapes:
    """A function of each value."""
    return with_parameters(shapes), [need(shapes)]


@operator("softmax", "log_softmax", axis=(whole(-8, 8), -1), temperature=(one_of("None"), "None"),
          dtype=(one_of("None"), "None"), use_length=(one_of("False", "0"), "False"))  # fmt: skip
def softmax(given: Values, shapes: Given) -> Shapes:
    """Shares of 1."""
    data = need(shapes)
    axis_of(given["axis"], data)
    return with_parameters(shapes), [data]
