"""Layers that normalise, and softmax."""

import numpy as np

from sweep.exporting.node import Node
from sweep.exporting.onnx_graph import OnnxGraph, translates


@translates("BatchNorm")
def batch_norm(
    node: Node, onnx: OnnxGraph, x: str, gamma: str, beta: str, mean: str, variance: str
) -> str:
    """BatchNormalization; a gamma that is fixed is 1, whatever the parameters have."""
    if node.flag("fix_gamma") and gamma in onnx.constants:
        onnx.constants[gamma] = np.ones_like(onnx.constants[gamma])
    eps = node.number("eps")
    return onnx.add("BatchNormalization", x, gamma, beta, mean, variance, epsilon=eps)


@translates("LayerNorm")
def layer_norm(node: Node, onnx: OnnxGraph, x: str, gamma: str, beta: str) -> str:
    """LayerNormalization, along the last axis."""
    dimensions = onnx.dimensions(node.inputs[0])
    if node.integer("axis") % dimensions != dimensions - 1:
        raise node.cannot("is not covered along other axes than the last")
    eps = node.number("eps")
    return onnx.add("LayerNormalization", x, gamma, beta, axis=-1, epsilon=eps)


@translates("InstanceNorm")
def instance_norm(node: Node, onnx: OnnxGraph, x: str, gamma: str, beta: str) -> str:
    """InstanceNormalization."""
    return onnx.add("InstanceNormalization", x, gamma, beta, epsilon=node.number("eps"))


@translates("LRN")
def lrn(node: Node, onnx: OnnxGraph, x: str) -> str:
    """LRN, whose formula is MXNet's."""
    return onnx.add(
        "LRN",
        x,
        size=node.integer("nsize"),
        alpha=node.number("alpha"),
        beta=node.number("beta"),
        bias=node.number("knorm"),
    )


@translates("softmax")
def softmax(node: Node, onnx: OnnxGraph, x: str) -> str:
    """Softmax."""
    return onnx.add("Softmax", _cooled(node, onnx, x), axis=node.integer("axis"))


@translates("log_softmax")
def log_softmax(node: Node, onnx: OnnxGraph, x: str) -> str:
    """LogSoftmax."""
    return onnx.add("LogSoftmax", _cooled(node, onnx, x), axis=node.integer("axis"))


@translates("L2Normalization")
def l2_normalization(node: Node, onnx: OnnxGraph, x: str) -> str:
    """The quotient by the root of the sum of squares; eps is below the root."""
    mode = node.needs("mode", "instance", "channel", "spatial")
    dimensions = onnx.dimensions(node.inputs[0])
    first, last = {"instance": (1, dimensions), "channel": (1, 2), "spatial": (2, dimensions)}[mode]
    axes = onnx.integers(*range(first, last))
    squares = onnx.add("ReduceSum", onnx.add("Mul", x, x), axes, keepdims=1)
    eps = onnx.number(node.number("eps"))
    return onnx.add("Div", x, onnx.add("Sqrt", onnx.add("Add", squares, eps)))


def _cooled(node: Node, onnx: OnnxGraph, x: str) -> str:
    if not node.has("temperature"):
        return x
    return onnx.add("Div", x, onnx.number(node.number("temperature")))
