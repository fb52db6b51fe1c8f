"""What moves values, or takes some of them, or sums them up along axes."""

from sweep.exporting.computed.shaping import axes_of
from sweep.exporting.node import Node
from sweep.exporting.onnx_graph import OnnxGraph, translates

FIRST, LAST = -(2**63), 2**63 - 1  # so far as ONNX counts: from the end, to the end
REDUCED = {"mean": "ReduceMean", "max": "ReduceMax", "min": "ReduceMin"}


@translates("Flatten")
def flatten(node: Node, onnx: OnnxGraph, x: str) -> str:
    """Flatten."""
    return onnx.add("Flatten", x, axis=1)


@translates("Reshape", "expand_dims", "squeeze")
def reshape(node: Node, onnx: OnnxGraph, x: str) -> str:
    """Reshape to what is known to come out; -1 for the side that the number of images decides."""
    sides = onnx.sides(node.name)
    if sides.count(None) > 1:
        raise node.cannot("more than one of its sides depends on the number of images")
    return onnx.add("Reshape", x, onnx.integers(*(-1 if each is None else each for each in sides)))


@translates("transpose")
def transpose(node: Node, onnx: OnnxGraph, x: str) -> str:
    """Transpose."""
    turned = range(onnx.dimensions(node.inputs[0]))[::-1]
    return onnx.add("Transpose", x, perm=list(node.numbers("axes") or turned))


@translates("SwapAxis")
def swap_axis(node: Node, onnx: OnnxGraph, x: str) -> str:
    """Transpose."""
    order = list(range(onnx.dimensions(node.inputs[0])))
    one, other = node.integer("dim1"), node.integer("dim2")
    order[one], order[other] = order[other], order[one]
    return onnx.add("Transpose", x, perm=order)


@translates("slice")
def slice_(node: Node, onnx: OnnxGraph, x: str) -> str:
    """Slice."""
    begin, end = node.numbers("begin"), node.numbers("end")
    steps = [each or 1 for each in node.numbers("step") or (1,) * len(begin)]
    starts = [
        (0 if step > 0 else LAST) if each is None else each
        for each, step in zip(begin, steps, strict=True)
    ]
    ends = [
        (LAST if step > 0 else FIRST) if each is None else each
        for each, step in zip(end, steps, strict=True)
    ]
    lists = (starts, ends, range(len(begin)), steps)
    return onnx.add("Slice", x, *(onnx.integers(*each) for each in lists))


@translates("slice_axis")
def slice_axis(node: Node, onnx: OnnxGraph, x: str) -> str:
    """Slice along one axis."""
    end = node.integer("end") if node.has("end") else LAST
    numbers = (node.integer("begin"), end, node.integer("axis"))
    return onnx.add("Slice", x, *(onnx.integers(each) for each in numbers))


@translates("slice_like")
def slice_like(node: Node, onnx: OnnxGraph, x: str, like: str) -> str:
    """Slice to the size of what comes out."""
    sides = onnx.sides(node.name)
    known = [(axis, side) for axis, side in enumerate(sides) if side is not None]
    starts = onnx.integers(*(0 for _ in known))
    ends = onnx.integers(*(side for _, side in known))
    return onnx.add("Slice", x, starts, ends, onnx.integers(*(axis for axis, _ in known)))


@translates("SliceChannel")
def slice_channel(node: Node, onnx: OnnxGraph, x: str) -> list[str]:
    """Split, and away with the axis where that is wanted."""
    axis, count = node.integer("axis"), node.integer("num_outputs")
    parts = onnx.add_several("Split", count, x, axis=axis)
    if node.flag("squeeze_axis"):
        parts = [onnx.add("Squeeze", each, onnx.integers(axis)) for each in parts]
    return parts


@translates("Concat")
def concat(node: Node, onnx: OnnxGraph, *arrays: str) -> str:
    """Concat."""
    return onnx.add("Concat", *arrays, axis=node.integer("dim"))


@translates("stack")
def stack(node: Node, onnx: OnnxGraph, *arrays: str) -> str:
    """Concat of what has got another axis."""
    axis = node.integer("axis")
    wider = [onnx.add("Unsqueeze", each, onnx.integers(axis)) for each in arrays]
    return onnx.add("Concat", *wider, axis=axis)


@translates("Pad")
def pad(node: Node, onnx: OnnxGraph, x: str) -> str:
    """Pad, whose widths are all those before, then all those after."""
    widths = node.numbers("pad_width")
    mode = node.needs("mode", "constant", "edge", "reflect")
    pads = onnx.integers(*widths[::2], *widths[1::2])
    value = [onnx.number(node.number("constant_value"))] if mode == "constant" else []
    return onnx.add("Pad", x, pads, *value, mode=mode)


@translates(*REDUCED)
def reduced(node: Node, onnx: OnnxGraph, x: str) -> str:
    """ReduceMean, ReduceMax or ReduceMin, whose axes are an attribute."""
    axes = list(axes_of(node, onnx.dimensions(node.inputs[0])))
    return onnx.add(REDUCED[node.operator], x, axes=axes, keepdims=_keeps(node))


@translates("sum")
def total(node: Node, onnx: OnnxGraph, x: str) -> str:
    """ReduceSum, whose axes are an input."""
    axes = onnx.integers(*axes_of(node, onnx.dimensions(node.inputs[0])))
    return onnx.add("ReduceSum", x, axes, keepdims=_keeps(node))


def _keeps(node: Node) -> int:
    return int(node.flag("keepdims"))
