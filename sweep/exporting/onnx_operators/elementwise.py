"""What is computed value by value: activations, functions, arithmetic."""

from collections.abc import Callable
from functools import reduce

import numpy as np

from sweep.exporting.computed.elementwise import (
    SELU_ALPHA,
    SELU_SCALE,
    arithmetic_operators,
    leaky_slope,
    prelu_gamma,
)
from sweep.exporting.node import Node
from sweep.exporting.onnx_graph import OnnxGraph, translates

ACTIVATIONS = {
    "relu": "Relu",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "softrelu": "Softplus",
    "softsign": "Softsign",
}
FUNCTIONS = {
    "relu": "Relu",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "softsign": "Softsign",
    "exp": "Exp",
    "log": "Log",
    "sqrt": "Sqrt",
    "abs": "Abs",
    "negative": "Neg",
    "reciprocal": "Reciprocal",
    "erf": "Erf",
    "sin": "Sin",
    "cos": "Cos",
    "floor": "Floor",
    "ceil": "Ceil",
    "_copy": "Identity",
    "identity": "Identity",
    "BlockGrad": "Identity",
    "Dropout": "Identity",
}
ARITHMETIC = {
    "add": "Add",
    "sub": "Sub",
    "mul": "Mul",
    "div": "Div",
    "maximum": "Max",
    "minimum": "Min",
    "power": "Pow",
}
WITH_A_NUMBER = {
    "_plus_scalar": "Add",
    "_minus_scalar": "Sub",
    "_mul_scalar": "Mul",
    "_div_scalar": "Div",
    "_power_scalar": "Pow",
    "_maximum_scalar": "Max",
    "_minimum_scalar": "Min",
}
NUMBER_FIRST = {"_rminus_scalar": "Sub", "_rdiv_scalar": "Div"}
TYPES = {"float32": 1, "float64": 11, "float16": 10, "int32": 6}  # numbers of ONNX's TensorProto


def _one(kind: str) -> Callable[..., str]:
    return lambda node, onnx, *inputs: onnx.add(kind, *inputs)


def _with_a_number(kind: str, is_first: bool = False) -> Callable[..., str]:
    def translate(node: Node, onnx: OnnxGraph, x: str) -> str:
        number = onnx.number(node.number("scalar"))
        return onnx.add(kind, *((number, x) if is_first else (x, number)))

    return translate


for name, kind in FUNCTIONS.items():
    translates(name)(_one(kind))
for name, kind in ARITHMETIC.items():
    translates(*arithmetic_operators(name))(_one(kind))
for name, kind in WITH_A_NUMBER.items():
    translates(name)(_with_a_number(kind))
for name, kind in NUMBER_FIRST.items():
    translates(name)(_with_a_number(kind, is_first=True))


@translates("square")
def square(node: Node, onnx: OnnxGraph, x: str) -> str:
    """The product with itself."""
    return onnx.add("Mul", x, x)


@translates("rsqrt")
def rsqrt(node: Node, onnx: OnnxGraph, x: str) -> str:
    """The reciprocal of the root."""
    return onnx.add("Reciprocal", onnx.add("Sqrt", x))


@translates("add_n")
def add_n(node: Node, onnx: OnnxGraph, *arrays: str) -> str:
    """A chain of Add."""
    return reduce(lambda total, each: onnx.add("Add", total, each), arrays)


@translates("Activation")
def activation(node: Node, onnx: OnnxGraph, x: str) -> str:
    """The function that ``act_type`` names."""
    return onnx.add(ACTIVATIONS[node.needs("act_type", *ACTIVATIONS)], x)


@translates("LeakyReLU")
def leaky_relu(node: Node, onnx: OnnxGraph, x: str, *gamma: str) -> str:
    """The function that ``act_type`` names."""
    kinds = ("leaky", "rrelu", "prelu", "elu", "selu", "gelu")
    kind = node.needs("act_type", *kinds)
    if kind == "gelu":
        root = onnx.add("Div", x, onnx.number(np.sqrt(2)))
        share = onnx.add("Add", onnx.add("Erf", root), onnx.number(1))
        return onnx.add("Mul", onnx.add("Mul", x, onnx.number(0.5)), share)
    if kind == "selu":
        return onnx.add("Selu", x, alpha=float(SELU_ALPHA), gamma=float(SELU_SCALE))
    if kind == "elu":
        return onnx.add("Elu", x, alpha=leaky_slope(node))
    if gamma:
        slope = prelu_gamma(onnx.constants[gamma[0]], onnx.dimensions(node.inputs[0]))
        return onnx.add("PRelu", x, onnx.constant(slope))
    return onnx.add("LeakyRelu", x, alpha=leaky_slope(node))


@translates("hard_sigmoid")
def hard_sigmoid(node: Node, onnx: OnnxGraph, x: str) -> str:
    """HardSigmoid."""
    alpha, beta = node.number("alpha"), node.number("beta")
    return onnx.add("HardSigmoid", x, alpha=alpha, beta=beta)


@translates("clip")
def clip(node: Node, onnx: OnnxGraph, x: str) -> str:
    """Clip."""
    low, high = (onnx.number(node.number(key)) for key in ("a_min", "a_max"))
    return onnx.add("Clip", x, low, high)


@translates("Cast")
def cast(node: Node, onnx: OnnxGraph, x: str) -> str:
    """Cast."""
    return onnx.add("Cast", x, to=TYPES[node.needs("dtype", *TYPES)])
