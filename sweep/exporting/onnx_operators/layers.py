"""Layers with weights, and pooling."""

import numpy as np

from sweep.exporting.node import Node
from sweep.exporting.onnx_graph import OnnxGraph, translates
from sweep.exporting.windows import windows_of


@translates("FullyConnected")
def fully_connected(node: Node, onnx: OnnxGraph, x: str, weight: str, *bias: str) -> str:
    """Gemm of rows, or MatMul where only the last side is multiplied."""
    if node.flag("flatten"):
        rows = onnx.add("Flatten", x, axis=1) if onnx.dimensions(node.inputs[0]) > 2 else x
        return onnx.add("Gemm", rows, weight, *bias, transB=1)
    product = onnx.add("MatMul", x, onnx.add("Transpose", weight, perm=[1, 0]))
    return onnx.add("Add", product, *bias) if bias else product


@translates("Convolution")
def convolution(node: Node, onnx: OnnxGraph, x: str, weight: str, *bias: str) -> str:
    """Conv, whose weights have MXNet's shape."""
    windows = windows_of(node, _sides(node, onnx))
    return onnx.add(
        "Conv",
        x,
        weight,
        *bias,
        kernel_shape=list(windows.kernel),
        strides=list(windows.stride),
        dilations=list(windows.dilate),
        pads=[*windows.pad, *windows.pad],
        group=node.integer("num_group"),
    )


@translates("dot", "batch_dot")
def dot(node: Node, onnx: OnnxGraph, a: str, b: str) -> str:
    """MatMul, of matrices that are turned round first."""
    for key, place in (("transpose_a", 0), ("transpose_b", 1)):
        if node.flag(key):
            sides = onnx.dimensions(node.inputs[place])
            order = [*range(sides - 2), sides - 1, sides - 2]
            turned = onnx.add("Transpose", (a, b)[place], perm=order)
            a, b = (a, turned) if place else (turned, b)
    return onnx.add("MatMul", a, b)


GLOBAL = {"max": "GlobalMaxPool", "avg": "GlobalAveragePool"}


@translates("Pooling")
def pooling(node: Node, onnx: OnnxGraph, x: str) -> str:
    """MaxPool, or a mean of windows that counts what MXNet counts.

    ONNX has other rules for windows that go beyond the image; so what they lack is added first, and
    the mean is multiplied by what its windows have too many. A sum is a mean, times their pixels.
    """
    kind = node.needs("pool_type", "max", "avg", "sum")
    if node.flag("global_pool"):
        if kind in GLOBAL:
            return onnx.add(GLOBAL[kind], x)
        axes = onnx.integers(*range(2, onnx.dimensions(node.inputs[0])))
        return onnx.add("ReduceSum", x, axes, keepdims=1)
    windows = windows_of(node, _sides(node, onnx))
    shape = {"kernel_shape": list(windows.kernel), "strides": list(windows.stride)}
    added = [*windows.pad, *windows.after]
    if kind == "max":
        return onnx.add("MaxPool", x, pads=added, **shape)
    if any(added):
        pads = onnx.integers(0, 0, *windows.pad, 0, 0, *windows.after)
        x = onnx.add("Pad", x, pads, mode="constant")
    mean = onnx.add("AveragePool", x, **shape)
    size = np.float32(np.prod(windows.kernel))
    if kind == "sum":
        return onnx.add("Mul", mean, onnx.number(float(size)))
    counted = windows.pixels(node.flag("count_include_pad"))
    if (counted == size).all():
        return mean
    return onnx.add("Mul", mean, onnx.constant((size / counted).astype(np.float32)))


def _sides(node: Node, onnx: OnnxGraph) -> list[int]:
    """Return the shape of what a node is given, with any number of images."""
    found = onnx.sides(node.inputs[0])
    if None in found[1:]:
        raise node.cannot("the size of what it is given depends on the number of images")
    return [each or 1 for each in found]
