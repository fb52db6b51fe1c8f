"""What moves values, or takes some of them, or sums them up along axes."""

from collections.abc import Callable, Sequence

import numpy as np

from sweep.exporting.computing import Array, computes
from sweep.exporting.node import Node

REDUCED: dict[str, Callable[..., Array]] = {
    "mean": np.mean,
    "sum": np.sum,
    "max": np.max,
    "min": np.min,
}


@computes("Flatten", formula="each image's values in one row")
def flatten(node: Node, x: Array) -> Array:
    """Return (n, everything else)."""
    return x.reshape(len(x), -1)


@computes(
    "Reshape",
    formula="the same values, in rows of another length. In shape, 0 stands for the side as it is, "
    "−1 for what is left, −2 for all sides that follow, −3 for two sides as one, and −4 for one "
    "side as the two that follow.",
    defaults={"reverse": "False"},
)
def reshape(node: Node, x: Array) -> Array:
    """Return another shape, in MXNet's words."""
    codes = node.numbers("shape")
    if node.flag("reverse"):
        return x.reshape(reshaped(x.shape[::-1], codes[::-1])[::-1])
    return x.reshape(reshaped(x.shape, codes))


def reshaped(sides: Sequence[int], codes: Sequence[int]) -> tuple[int, ...]:
    """Return the sides that MXNet's codes stand for; -1 stays for NumPy to find."""
    left, todo, found = list(sides), list(codes), list[int]()
    while todo:
        code = todo.pop(0)
        if code == 0:
            found.append(left.pop(0))
        elif code == -2:
            found += left
            left = []
        elif code == -3:
            found.append(left.pop(0) * left.pop(0))
        elif code == -4:
            side, first, second = left.pop(0), todo.pop(0), todo.pop(0)
            first = side // second if first == -1 else first
            found += [first, side // first]
        else:
            found.append(code)
            left = left[1:]
    return tuple(found)


@computes("expand_dims", formula="the same values with a side of 1 at axis")
def expand_dims(node: Node, x: Array) -> Array:
    """Add a side."""
    return np.expand_dims(x, node.integer("axis"))


@computes(
    "squeeze", formula="the same values without the sides of 1 at axis, or without all of them"
)
def squeeze(node: Node, x: Array) -> Array:
    """Take sides away."""
    return np.squeeze(x, node.numbers("axis") or None)


@computes("transpose", formula="the axes in another order; turned round if no order is given")
def transpose(node: Node, x: Array) -> Array:
    """Change the order of axes."""
    return np.transpose(x, node.numbers("axes") or None)


@computes(
    "SwapAxis",
    formula="two axes, dim1 and dim2, in each other's place",
    defaults={"dim1": "0", "dim2": "0"},
)
def swap_axis(node: Node, x: Array) -> Array:
    """Swap two axes."""
    return np.swapaxes(x, node.integer("dim1"), node.integer("dim2"))


@computes("slice", formula="from begin to end by step, axis by axis")
def slice_(node: Node, x: Array) -> Array:
    """Cut out a part."""
    begin, end = node.numbers("begin"), node.numbers("end")
    step = node.numbers("step") or (None,) * len(begin)
    return x[tuple(slice(*each) for each in zip(begin, end, step, strict=True))]


@computes("slice_axis", formula="from begin to end along one axis")
def slice_axis(node: Node, x: Array) -> Array:
    """Cut out a part along an axis."""
    axis = node.integer("axis") % x.ndim
    end = node.integer("end") if node.has("end") else None
    return x[(slice(None),) * axis + (slice(node.integer("begin"), end),)]


@computes(
    "slice_like", formula="the first values of x along axes, or along all: as many as the other has"
)
def slice_like(node: Node, x: Array, like: Array) -> Array:
    """Cut off what is more than the other has."""
    axes = [each % x.ndim for each in node.numbers("axes") or range(x.ndim)]
    return x[tuple(slice(like.shape[i]) if i in axes else slice(None) for i in range(x.ndim))]


@computes(
    "SliceChannel",
    formula="equal parts along axis",
    defaults={"axis": "1", "squeeze_axis": "False"},
)
def slice_channel(node: Node, x: Array) -> tuple[Array, ...]:
    """Cut into equal parts."""
    axis = node.integer("axis")
    parts = np.split(x, node.integer("num_outputs"), axis)
    if node.flag("squeeze_axis"):
        parts = [np.squeeze(each, axis) for each in parts]
    return tuple(parts)


@computes(
    "Concat",
    formula="all of them, one after another along dim",
    defaults={"dim": "1"},
)
def concat(node: Node, *arrays: Array) -> Array:
    """Put together along an axis."""
    return np.concatenate(arrays, node.integer("dim"))


@computes(
    "stack",
    formula="all of them, one after another along a new axis",
    defaults={"axis": "0"},
)
def stack(node: Node, *arrays: Array) -> Array:
    """Put together along a new axis."""
    return np.stack(arrays, node.integer("axis"))


@computes(
    "Pad",
    formula="more values around: constant_value, the outermost again (edge), or those inside, "
    "turned round (reflect). pad_width has how many, before and after, axis by axis.",
    defaults={"mode": "constant", "constant_value": "0"},
)
def pad(node: Node, x: Array) -> Array:
    """Add values around."""
    widths = node.numbers("pad_width")
    pairs = list(zip(widths[::2], widths[1::2], strict=True))
    mode = node.needs("mode", "constant", "edge", "reflect")
    if mode == "constant":
        return np.pad(x, pairs, constant_values=node.number("constant_value"))
    found: Array = np.pad(x, pairs, mode=mode)  # type: ignore[call-overload]
    return found


def axes_of(node: Node, dimensions: int) -> tuple[int, ...]:
    """Return the axes that are summed up, each from 0; all where none is named."""
    named = tuple(each % dimensions for each in node.numbers("axis", None))
    if node.flag("exclude"):
        return tuple(each for each in range(dimensions) if each not in named)
    return named or tuple(range(dimensions))


def _reduced(node: Node, x: Array) -> Array:
    keep = node.flag("keepdims")
    return REDUCED[node.operator](x, axis=axes_of(node, x.ndim), keepdims=keep)


for name in REDUCED:
    computes(
        name,
        formula=f"the {name} along axis: one or several, or all if none is named; with exclude, "
        "along all others. With keepdims, they stay as sides of 1.",
        defaults={"keepdims": "False", "exclude": "False"},
    )(_reduced)
