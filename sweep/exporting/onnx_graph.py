"""A network as ONNX has it, still as plain data: its nodes and constants."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.config.registry import Registry
from sweep.errors import UserError
from sweep.exporting.computing import completed, results
from sweep.exporting.graph import Graph
from sweep.exporting.node import Node
from sweep.exporting.shapes import Described, Sides, described

IMAGES = "images"  # what the network takes
PARAMETERS = "parameters"  # what comes before their names: one may be called `images`
FLOAT32 = 1  # the number of the type in ONNX's TensorProto


@dataclass(frozen=True)
class OnnxNode:
    """A node of ONNX's.

    Attributes:
        kind: ONNX's operator.
        inputs: what it is given; an empty name for what is left out.
        outputs: what it computes.
        attributes: how it is set.
    """

    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]


@dataclass
class OnnxGraph:
    """A network as ONNX's nodes.

    Attributes:
        known: the shape and type of all that MXNet's graph computes, by name.
        nodes: ONNX's, in the order of computation.
        constants: parameters and other numbers, by name.
        prefix: of the names of what is added now.
        type: of the numbers that are added now.
    """

    known: Mapping[str, Described]
    nodes: list[OnnxNode] = field(default_factory=list)
    constants: dict[str, NDArray[Any]] = field(default_factory=dict)
    prefix: str = ""
    type: np.dtype[Any] = field(default_factory=lambda: np.dtype(np.float32))

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add a node with one result, and return the name of it."""
        (output,) = self.add_several(kind, 1, *inputs, **attributes)
        return output

    def add_several(self, kind: str, count: int, *inputs: str, **attributes: Any) -> list[str]:
        """Add a node with so many results, and return their names."""
        name = f"{self.prefix}/{kind}_{len(self.nodes)}"
        outputs = tuple(f"{name}_{each}" if each else name for each in range(count))
        self.nodes.append(OnnxNode(kind, inputs, outputs, attributes))
        return list(outputs)

    def constant(self, array: NDArray[Any]) -> str:
        """Add numbers, and return their name."""
        name = f"{self.prefix}/constant_{len(self.constants)}"
        self.constants[name] = np.ascontiguousarray(array)
        return name

    def number(self, value: float) -> str:
        """Add a number of the type of what the node is given, and return its name."""
        return self.constant(np.array(value, self.type))

    def integers(self, *values: int) -> str:
        """Add a list of whole numbers, and return its name."""
        return self.constant(np.array(values, np.int64))

    def dimensions(self, name: str) -> int:
        """Return how many sides a value of MXNet's graph has."""
        return len(self.sides(name))

    def sides(self, name: str) -> Sides:
        """Return the shape of a value of MXNet's graph."""
        return self.known[name].sides


# A function of the node, of what it is added to, and of the names of its inputs there.
Translation = Callable[..., str | list[str]]
TRANSLATIONS: Registry[Translation] = Registry("operator", "sweep.exporting.onnx_operators")


def translates(*operators: str) -> Callable[[Translation], Translation]:
    """Return a decorator that makes a function known for these operators of MXNet's."""

    def decorate(function: Translation) -> Translation:
        for each in operators:
            TRANSLATIONS.register(each, function)
        return function

    return decorate


def translated(graph: Graph) -> OnnxGraph:
    """Return a network as ONNX has it, from ``images`` to what ``graph.answers`` names.

    What does not depend on the images, as weights that zeros are added to, is computed here.

    Raises:
        UserError: an operator is not covered, or the result does not depend on the images.
    """
    made = OnnxGraph(described(graph))
    constants: dict[str, NDArray[Any]] = dict(graph.parameters)
    names = {graph.data: IMAGES}
    for node in graph.nodes:
        if all(each in constants for each in node.inputs):
            constants |= results(node, constants)
            continue
        for each in node.inputs:
            if each in constants and each not in names:
                names[each] = f"{PARAMETERS}/{each}"
                made.constants[names[each]] = np.ascontiguousarray(constants[each])
        found = _translated(node, made, [names[each] for each in node.inputs])
        names |= {f"{node.name}:{i}" if i else node.name: each for i, each in enumerate(found)}
    if graph.result not in names:
        raise UserError(
            f"the network answers {graph.result}, which is the same for all images; allowed is one "
            "whose answers depend on them"
        )
    is_float32 = made.known[graph.result].type == np.float32
    kind, to = ("Identity", {}) if is_float32 else ("Cast", {"to": FLOAT32})
    made.nodes.append(OnnxNode(kind, (names[graph.result],), (graph.answers,), to))
    return made


def _translated(node: Node, made: OnnxGraph, inputs: list[str]) -> list[str]:
    if (translate := TRANSLATIONS.get(node.operator)) is None:
        raise node.cannot("this operator is not covered by the export to ONNX")
    made.prefix, made.type = node.name, made.known[node.inputs[0]].type
    found = translate(completed(node), made, *inputs)
    return [found] if isinstance(found, str) else found
