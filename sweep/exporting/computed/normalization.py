"""Layers that normalise, and softmax."""

import numpy as np
from scipy.special import log_softmax, softmax

from sweep.exporting.computing import Array, computes
from sweep.exporting.node import Node


@computes(
    "BatchNorm",
    formula="(x − moving_mean) / √(moving_var + eps) · gamma + beta, channel by channel. With "
    "fix_gamma (which is what MXNet does if nothing is said) gamma is 1, whatever the file has.",
    defaults={"axis": "1", "eps": "0.001", "fix_gamma": "True"},
)
def batch_norm(
    node: Node, x: Array, gamma: Array, beta: Array, mean: Array, variance: Array
) -> Array:
    """Normalise each channel of (n, channels, …) by what was learned of it."""
    if node.integer("axis") % x.ndim != 1:
        raise node.cannot(f"axis={node.integer('axis', 1)} is not covered; allowed is 1")
    fixed = node.flag("fix_gamma")
    scale = (1 if fixed else gamma) / np.sqrt(variance + np.float32(node.number("eps")))
    shape = (1, -1, *[1] * (x.ndim - 2))
    found: Array = (x - mean.reshape(shape)) * scale.reshape(shape) + beta.reshape(shape)
    return found


@computes(
    "LayerNorm",
    formula="(x − mean) / √(variance + eps) · gamma + beta, over one axis of each image.",
    defaults={"axis": "-1", "eps": "1e-05"},
)
def layer_norm(node: Node, x: Array, gamma: Array, beta: Array) -> Array:
    """Normalise along an axis."""
    axis = node.integer("axis")
    shape = [1] * x.ndim
    shape[axis] = -1
    normal = _normal(x, (axis,), node.number("eps"))
    found: Array = normal * gamma.reshape(shape) + beta.reshape(shape)
    return found


@computes(
    "InstanceNorm",
    formula="(x − mean) / √(variance + eps) · gamma + beta, over the pixels of each channel of "
    "each image.",
    defaults={"eps": "0.001"},
)
def instance_norm(node: Node, x: Array, gamma: Array, beta: Array) -> Array:
    """Normalise each channel of each image."""
    shape = (1, -1, *[1] * (x.ndim - 2))
    normal = _normal(x, tuple(range(2, x.ndim)), node.number("eps"))
    found: Array = normal * gamma.reshape(shape) + beta.reshape(shape)
    return found


@computes(
    "LRN",
    formula="x / (knorm + alpha / nsize · s) ^ beta, where s is the sum of the squares of the "
    "nsize channels around.",
    defaults={"alpha": "0.0001", "beta": "0.75", "knorm": "2"},
)
def lrn(node: Node, x: Array) -> Array:
    """Normalise each pixel by its neighbours in other channels."""
    size = node.integer("nsize")
    half = size // 2
    squares = np.pad(np.square(x), [(0, 0), (half, half), *[(0, 0)] * (x.ndim - 2)])
    channels = x.shape[1]
    total = sum(squares[:, each : each + channels] for each in range(size))
    knorm, alpha = node.number("knorm"), node.number("alpha")
    found: Array = x / (knorm + alpha / size * total) ** node.number("beta")
    return found.astype(x.dtype)


@computes(
    "softmax",
    formula="exp(x) / Σ exp(x) along the axis; x is divided by the temperature first if there is "
    "one.",
    defaults={"axis": "-1"},
)
def softmax_(node: Node, x: Array) -> Array:
    """Make shares of scores."""
    found: Array = softmax(_cooled(node, x), axis=node.integer("axis"))
    return found


@computes(
    "log_softmax",
    formula="The natural logarithm of softmax.",
    defaults={"axis": "-1"},
)
def log_softmax_(node: Node, x: Array) -> Array:
    """Make logarithms of shares of scores."""
    found: Array = log_softmax(_cooled(node, x), axis=node.integer("axis"))
    return found


@computes(
    "L2Normalization",
    formula="x / √(Σ x² + eps), over each image's values (instance), over the channels of each "
    "pixel (channel) or over the pixels of each channel (spatial).",
    defaults={"mode": "instance", "eps": "1e-10"},
)
def l2_normalization(node: Node, x: Array) -> Array:
    """Divide by the norm."""
    mode = node.needs("mode", "instance", "channel", "spatial")
    first, last = {"instance": (1, x.ndim), "channel": (1, 2), "spatial": (2, x.ndim)}[mode]
    axes = tuple(range(first, last))
    squares = np.sum(np.square(x), axis=axes, keepdims=True)
    found: Array = x / np.sqrt(squares + np.float32(node.number("eps")))
    return found


def _normal(x: Array, axes: tuple[int, ...], eps: float) -> Array:
    mean, variance = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
    found: Array = (x - mean) / np.sqrt(variance + np.float32(eps))
    return found


def _cooled(node: Node, x: Array) -> Array:
    return x / np.float32(node.number("temperature")) if node.has("temperature") else x
