"""Layers with weights: dense ones and convolutions."""

import math
from collections.abc import Callable

import numpy as np

from sweep.exporting.computing import Array, computes
from sweep.exporting.node import Node
from sweep.exporting.windows import windows_of


@computes(
    "FullyConnected",
    formula="x · weightᵀ + bias. With flatten, each image's values are put in one row first.",
    defaults={"flatten": "True"},
)
def fully_connected(node: Node, x: Array, weight: Array, bias: Array | None = None) -> Array:
    """Multiply rows with a weight, (units, inputs)."""
    rows = x.reshape(len(x), -1) if node.flag("flatten") else x
    found: Array = rows @ weight.T
    return found if bias is None else found + bias


@computes(
    "Convolution",
    formula="At each place of a window, the sum over channels and pixels of x · weight, plus bias: "
    "a correlation, the weight is not turned round. Outside of the image are zeros. With num_group "
    "the channels are cut into so many parts, each with its share of the filters. stride "
    "and dilate are 1, and pad is 0, if nothing is said.",
    defaults={"num_group": "1"},
)
def convolution(node: Node, x: Array, weight: Array, bias: Array | None = None) -> Array:
    """Correlate (n, channels, …) with a weight, (filters, channels a group, …)."""
    seen = windows_of(node, x.shape).of(x)
    groups = node.integer("num_group")
    inner = tuple(range(-(x.ndim - 2), 0))
    pixels = [1, *(each + seen.ndim for each in inner)]
    parts = [
        np.tensordot(part, filters, axes=(pixels, [1, *range(2, weight.ndim)]))
        for part, filters in zip(
            np.split(seen, groups, axis=1), np.split(weight, groups), strict=True
        )
    ]
    found: Array = np.moveaxis(np.concatenate(parts, axis=-1), -1, 1)
    return found if bias is None else found + bias.reshape(-1, *[1] * len(inner))


@computes(
    "dot",
    formula="The product of two matrices, turned round first where transpose_a, transpose_b.",
    defaults={"transpose_a": "False", "transpose_b": "False"},
)
def dot(node: Node, a: Array, b: Array) -> Array:
    """Multiply two matrices."""
    return _product(node, a, b, 2)


@computes(
    "batch_dot",
    formula="The product of matrices pair by pair, turned round first where transpose_a, "
    "transpose_b.",
    defaults={"transpose_a": "False", "transpose_b": "False"},
)
def batch_dot(node: Node, a: Array, b: Array) -> Array:
    """Multiply matrices pair by pair."""
    return _product(node, a, b, 3)


def _product(node: Node, a: Array, b: Array, dimensions: int) -> Array:
    if (a.ndim, b.ndim) != (dimensions, dimensions):  # MXNet and NumPy have different rules then
        raise node.cannot(
            f"it multiplies arrays of {a.ndim} and {b.ndim} dimensions; allowed are {dimensions}"
        )
    a = np.swapaxes(a, -1, -2) if node.flag("transpose_a") else a
    b = np.swapaxes(b, -1, -2) if node.flag("transpose_b") else b
    found: Array = a @ b
    return found


@computes(
    "Pooling",
    formula="max: the largest pixel of each window. avg: the mean of its pixels; those that pad "
    "adds count as zeros, unless count_include_pad is False. sum: their sum. Windows begin every "
    "stride pixels; pooling_convention=full has a last window that goes beyond the image, whose "
    "missing pixels never count. With global_pool the window is the image. stride is 1 and pad "
    "is 0 if nothing is said.",
    defaults={
        "pool_type": "max",
        "global_pool": "False",
        "pooling_convention": "valid",
        "count_include_pad": "True",
    },
)
def pooling(node: Node, x: Array) -> Array:
    """Pool (n, channels, …)."""
    kind = node.needs("pool_type", "max", "avg", "sum")
    if node.flag("global_pool"):
        whole = tuple(range(2, x.ndim))
        return _WHOLE[kind](x, axis=whole, keepdims=True)
    windows = windows_of(node, x.shape)
    inner = tuple(range(-(x.ndim - 2), 0))
    if kind == "max":
        largest: Array = np.max(windows.of(x, -math.inf), axis=inner)
        return largest
    total: Array = np.sum(windows.of(x), axis=inner, dtype=np.float32)
    if kind == "avg":
        total /= windows.pixels(node.flag("count_include_pad"))
    return total


_WHOLE: dict[str, Callable[..., Array]] = {"max": np.max, "avg": np.mean, "sum": np.sum}
