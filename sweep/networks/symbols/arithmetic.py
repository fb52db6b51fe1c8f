"""The operators without parameters that compute with values."""

from typing import Any

from sweep.networks.symbols.attributes import (
    ignored,
    number,
    one_of,
    positions,
    switch,
)
from sweep.networks.symbols.operators import (
    Given,
    Misfit,
    Shapes,
    Values,
    axis_of,
    need,
    operator,
    told,
    with_parameters,
)

MANY = ("add_n", "ElementWiseSum")
TWO = (
    *("elemwise_add", "_plus", "_Plus", "_add", "_grad_add"),
    *("elemwise_sub", "_minus", "_Minus", "_sub"),
    *("elemwise_mul", "_mul", "_Mul"),
    *("elemwise_div", "_div", "_Div"),
    *("_maximum", "_Maximum", "_minimum", "_Minimum"),
)
BROADCAST = (
    *("broadcast_add", "broadcast_plus", "broadcast_sub", "broadcast_minus", "broadcast_mul"),
    *("broadcast_div", "broadcast_maximum", "broadcast_minimum"),
)
SCALAR = (
    *("_plus_scalar", "_PlusScalar", "_minus_scalar", "_MinusScalar", "_rminus_scalar"),
    *("_RMinusScalar", "_mul_scalar", "_MulScalar", "_div_scalar", "_DivScalar", "_rdiv_scalar"),
    *("_RDivScalar", "_power_scalar", "_PowerScalar", "_maximum_scalar", "_MaximumScalar"),
    *("_minimum_scalar", "_MinimumScalar"),
)
ONE = (
    *("relu", "sigmoid", "tanh", "softsign", "abs", "square", "sqrt", "rsqrt", "exp", "log"),
    *("negative", "sign", "erf", "sin", "cos", "identity", "_copy", "BlockGrad", "stop_gradient"),
)
REDUCING: dict[str, Any] = {
    "axis": (positions, ()),
    "keepdims": (switch, False),
    "exclude": (switch, False),
}


@operator(*TWO)
def two(given: Values, shapes: Given) -> Shapes:
    """Two inputs of one shape."""
    if len(shapes) != 2:
        raise Misfit(f"is given {len(shapes)} inputs instead of 2")
    return same(given, shapes)


@operator(*MANY, counts="num_args", num_args=(ignored, None))
def same(given: Values, shapes: Given) -> Shapes:
    """Several inputs of one shape."""
    known = [each for each in shapes if each is not None]
    if not known:
        need(shapes)
    if any(each != known[0] for each in known):
        raise Misfit(f"is given {' and '.join(told(each) for each in known)}")
    return [known[0] for _ in shapes], [known[0]]


@operator(*BROADCAST)
def broadcast(given: Values, shapes: Given) -> Shapes:
    """Two inputs, of which one is repeated along sides of 1."""
    one, other = need(shapes, 0), need(shapes, 1)
    pairs = zip(one, other, strict=False)
    if (
        len(shapes) != 2
        or len(one) != len(other)
        or any(a != b and 1 not in (a, b) for a, b in pairs)
    ):
        raise Misfit(f"is given {told(one)} and {told(other)}")
    found = tuple(a if b == 1 else b for a, b in zip(one, other, strict=True))
    return [one, other], [found]


@operator(*SCALAR, scalar=(number, 1.0), is_int=(ignored, None))
@operator(*ONE)
@operator("hard_sigmoid", alpha=(number, 0.2), beta=(number, 0.5))
@operator("smooth_l1", scalar=(number, 1.0), is_int=(ignored, None))
@operator("clip", a_min=(number, ...), a_max=(number, ...))
@operator("Cast", "cast", dtype=(one_of("float32"), ...))
def each_value(given: Values, shapes: Given) -> Shapes:
    """A function of each value."""
    return with_parameters(shapes), [need(shapes)]


@operator("mean", "sum", "sum_axis", "max", "max_axis", "min", "min_axis", **REDUCING)
def reduced(given: Values, shapes: Given) -> Shapes:
    """One value of each row along some dimensions."""
    data = need(shapes)
    axes = {axis_of(_side(axis), data) for axis in given["axis"]} or {*range(len(data))}
    if given["exclude"]:
        axes = {*range(len(data))} - axes
    kept = [1 if axis in axes else side for axis, side in enumerate(data)]
    if not given["keepdims"]:
        kept = [side for axis, side in enumerate(data) if axis not in axes] or [1]
    return with_parameters(shapes), [tuple(kept)]


def _side(axis: int | None) -> int:
    if axis is None:
        raise Misfit("has None as an axis")
    return axis
