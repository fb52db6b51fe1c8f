"""What is computed value by value: activations, functions, arithmetic."""

from collections.abc import Callable

import numpy as np
from scipy.special import erf, expit

from sweep.exporting.computing import Array, computes
from sweep.exporting.node import Node

SELU_SCALE, SELU_ALPHA = np.float32(1.0507009873554804934), np.float32(1.6732632423543772848)


def _relu(x: Array) -> Array:
    return np.maximum(x, x.dtype.type(0))


def _softsign(x: Array) -> Array:
    found: Array = x / (1 + np.abs(x))
    return found


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "relu": _relu,
    "sigmoid": expit,
    "tanh": np.tanh,
    "softrelu": lambda x: np.logaddexp(x.dtype.type(0), x),
    "softsign": _softsign,
}
FUNCTIONS: dict[str, tuple[str, Callable[[Array], Array]]] = {
    "relu": ("max(x, 0)", _relu),
    "sigmoid": ("1 / (1 + exp(−x))", expit),
    "tanh": ("tanh(x)", np.tanh),
    "softsign": ("x / (1 + |x|)", _softsign),
    "exp": ("exp(x)", np.exp),
    "log": ("the natural logarithm of x", np.log),
    "sqrt": ("√x", np.sqrt),
    "rsqrt": ("1 / √x", lambda x: x.dtype.type(1) / np.sqrt(x)),
    "square": ("x²", np.square),
    "abs": ("|x|", np.abs),
    "negative": ("−x", np.negative),
    "reciprocal": ("1 / x", lambda x: x.dtype.type(1) / x),
    "erf": ("the error function of x", erf),
    "sin": ("sin(x)", np.sin),
    "cos": ("cos(x)", np.cos),
    "floor": ("the largest whole number up to x", np.floor),
    "ceil": ("the smallest whole number from x", np.ceil),
    "_copy": ("x", lambda x: x),
    "identity": ("x", lambda x: x),
    "BlockGrad": ("x", lambda x: x),
    "Dropout": ("x: nothing is dropped when a network answers", lambda x: x),
}
ARITHMETIC: dict[str, tuple[str, Callable[[Array, Array], Array]]] = {
    "add": ("a + b", np.add),
    "sub": ("a − b", np.subtract),
    "mul": ("a · b", np.multiply),
    "div": ("a / b", np.divide),
    "maximum": ("the larger of a and b", np.maximum),
    "minimum": ("the smaller of a and b", np.minimum),
    "power": ("a to the power of b", np.power),
}
WITH_A_NUMBER: dict[str, tuple[str, Callable[[Array, Array], Array]]] = {
    "_plus_scalar": ("x + scalar", np.add),
    "_minus_scalar": ("x − scalar", np.subtract),
    "_rminus_scalar": ("scalar − x", lambda x, s: np.subtract(s, x)),
    "_mul_scalar": ("x · scalar", np.multiply),
    "_div_scalar": ("x / scalar", np.divide),
    "_rdiv_scalar": ("scalar / x", lambda x, s: np.divide(s, x)),
    "_power_scalar": ("x to the power of scalar", np.power),
    "_maximum_scalar": ("the larger of x and scalar", np.maximum),
    "_minimum_scalar": ("the smaller of x and scalar", np.minimum),
}


def arithmetic_operators(name: str) -> tuple[str, ...]:
    """Return what MXNet calls an operation on two arrays, of one shape or not."""
    one_shape = {"maximum": "_maximum", "minimum": "_minimum", "power": "_power"}
    return f"broadcast_{name}", one_shape.get(name, f"elemwise_{name}")


def _register() -> None:
    for name, (formula, function) in FUNCTIONS.items():
        computes(name, formula=formula)(lambda node, x, function=function: function(x))
    for name, (formula, operation) in ARITHMETIC.items():
        told = f"{formula}, value by value; where one of them has a side of 1, it is repeated"
        computes(*arithmetic_operators(name), formula=told)(
            lambda node, a, b, operation=operation: operation(a, b)
        )
    for name, (formula, operation) in WITH_A_NUMBER.items():
        computes(name, formula=formula)(
            lambda node, x, operation=operation: operation(x, x.dtype.type(node.number("scalar")))
        )


_register()


@computes(
    "Activation",
    formula="relu: max(x, 0). sigmoid: 1 / (1 + exp(−x)). tanh: tanh(x). softrelu: "
    "log(1 + exp(x)). softsign: x / (1 + |x|).",
)
def activation(node: Node, x: Array) -> Array:
    """Apply the function that ``act_type`` names."""
    return ACTIVATIONS[node.needs("act_type", *ACTIVATIONS)](x)


@computes(
    "LeakyReLU",
    formula="x where x > 0; otherwise leaky and rrelu: slope · x (for rrelu the middle of its two "
    "bounds), prelu: gamma · x, elu: slope · (exp(x) − 1). selu: 1.0507 · elu with the slope "
    "1.6733. gelu: x / 2 · (1 + erf(x / √2)).",
    defaults={"act_type": "leaky", "slope": "0.25", "lower_bound": "0.125", "upper_bound": "0.334"},
)
def leaky_relu(node: Node, x: Array, gamma: Array | None = None) -> Array:
    """Apply the function that ``act_type`` names."""
    kinds = ("leaky", "rrelu", "prelu", "elu", "selu", "gelu")
    kind, slope = node.needs("act_type", *kinds), leaky_slope(node)
    if kind == "gelu":
        found: Array = (x / 2 * (1 + erf(x / np.sqrt(np.float32(2))))).astype(x.dtype)
        return found
    if kind == "selu":
        return SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(x))
    if kind == "elu":
        return np.where(x > 0, x, np.float32(slope) * np.expm1(np.minimum(x, 0)))
    if gamma is not None:
        return np.where(x > 0, x, x * prelu_gamma(gamma, x.ndim))
    return np.where(x > 0, x, x * np.float32(slope))


def leaky_slope(node: Node) -> float:
    """Return the slope below 0."""
    if node.text("act_type") == "rrelu":
        return (node.number("lower_bound") + node.number("upper_bound")) / 2
    return node.number("slope")


def prelu_gamma(gamma: Array, dimensions: int) -> Array:
    """Return a learned slope for each channel, or one for all, as it is multiplied."""
    return gamma.reshape(-1, *[1] * (dimensions - 2)) if gamma.size > 1 else gamma.reshape(())


@computes(
    "hard_sigmoid",
    formula="alpha · x + beta, but not below 0 and not above 1",
    defaults={"alpha": "0.2", "beta": "0.5"},
)
def hard_sigmoid(node: Node, x: Array) -> Array:
    """Return a sigmoid made of three lines."""
    alpha, beta = node.number("alpha"), node.number("beta")
    return np.clip(np.float32(alpha) * x + np.float32(beta), np.float32(0), np.float32(1))


@computes("clip", formula="x, but not below a_min and not above a_max")
def clip(node: Node, x: Array) -> Array:
    """Cut values off."""
    kind = x.dtype.type
    return np.clip(x, kind(node.number("a_min")), kind(node.number("a_max")))


@computes("add_n", formula="the sum of all, value by value")
def add_n(node: Node, *arrays: Array) -> Array:
    """Add arrays of one shape."""
    total = arrays[0]
    for each in arrays[1:]:
        total = total + each
    return total


@computes("Cast", formula="the same numbers as another type")
def cast(node: Node, x: Array) -> Array:
    """Change the type."""
    return x.astype(node.needs("dtype", "float32", "float64", "float16", "int32"))
