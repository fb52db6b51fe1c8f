"""Checks a graph: its operators are known, their attributes allowed, and all shapes fit."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sweep.errors import nearest
from sweep.networks.params_file import Broken

# They register operators.
from sweep.networks.symbols import (  # noqa: F401
    arithmetic,
    layers,
    normalizations,
    rearranging,
)
from sweep.networks.symbols.attributes import Kind, ignored, sides
from sweep.networks.symbols.graph import DATA, SHAPE, Graph, Node
from sweep.networks.symbols.operators import (
    OPERATORS,
    Misfit,
    Operator,
    Shape,
    Shapes,
    Unknown,
    told,
)

MOST_VALUES = 2**28  # of an image after any operator: a GiB
OTHER = "data"  # what a parameter is to an operator if it is no layer's own
IMAGES = 2  # that shapes are computed for; what depends on their number is found by two
NO_SHAPE = (
    "does not follow from the images, and the file does not have it (adopted/net-symbol.json of a "
    "run of sweep adopt does)"
)


@dataclass(frozen=True)
class Checked:
    """What is known of a graph for images of some shape.

    Attributes:
        parameters: the shape of each.
        output: of one image.
        multiplications: for one image, roughly.
        given: the parameters whose shapes follow from nothing but their values.
    """

    parameters: Mapping[str, Shape]
    output: Shape
    multiplications: int
    given: Mapping[str, Shape]


def cleaned(graph: Graph) -> Graph:
    """Return a graph whose operators have no attributes but those that MXNet needs, in its form.

    Raises:
        Broken: an operator or an attribute is not known, or has a value that is not allowed.
    """
    return replace(graph, nodes=tuple(_cleaned(each) for each in graph.nodes))


def _cleaned(node: Node) -> Node:
    if node.operator is None:
        declared = _declared(node)
        return replace(node, attributes={SHAPE: str(declared)} if declared else {})
    known = _operator(node)
    parsed = parsed_attributes(node, known.attributes)
    kept = {
        key: str(value) for key, value in parsed.items() if known.attributes[key][0] is not ignored
    }
    if known.counts:
        kept[known.counts] = str(len(node.inputs))
    return replace(node, attributes=kept)


def _operator(node: Node) -> Operator:
    name = str(node.operator)
    if name not in OPERATORS:
        near = nearest(name, OPERATORS)
        raise Broken(f"has the operator {name} ({node.name}), which is not known here{near}")
    return OPERATORS[name]


def parsed_attributes(node: Node, known: Mapping[str, tuple[Kind, Any]]) -> dict[str, Any]:
    """Return the values of the attributes that an operator has in its file.

    Args:
        node: the operator.
        known: the kind of each attribute, and its value where it is not given.

    Raises:
        Broken: one is not known, has a value that is not allowed, or is missing.
    """
    parsed = {key: _parsed(node, known, key) for key in node.attributes}
    for key, (_, usual) in known.items():
        if usual is ... and key not in parsed:
            raise Broken(f"has {node.name} ({node.operator}) without {key}")
    return parsed


def _parsed(node: Node, known: Mapping[str, tuple[Kind, Any]], key: str) -> Any:
    if key not in known:
        raise Broken(f"has {node.name} ({node.operator}) with {key}, which is not known here")
    parse, _ = known[key]
    try:
        return parse(node.attributes[key])
    except ValueError as error:
        given = f"{key}={node.attributes[key][:80]}"
        raise Broken(f"has {node.name} ({node.operator}) with {given}: {error}") from error


def check_shapes(graph: Graph, image: Shape, known: Mapping[str, Shape]) -> Checked:
    """Compute all shapes.

    Args:
        graph: cleaned, with one output, and no variables but ``data`` and parameters.
        image: the shape of one, without their number.
        known: shapes of parameters that are used only where no other shape follows.

    Raises:
        Broken: something does not fit.
    """
    if math.prod(image) > MOST_VALUES:
        raise Broken(f"cannot take images of {told(image)}: allowed are {MOST_VALUES:,} values")
    once, again = (_Shapes(graph, (count, *image), known) for count in (IMAGES, IMAGES + 1))
    ((number, place),) = graph.heads
    outputs = [each.outputs[number] for each in (once, again)]
    if place >= len(outputs[0]):
        raise Broken(f"has no output {place} of {graph.nodes[number].name}")
    first, second = (every[place] for every in outputs)
    if first[:1] != (IMAGES,) or second != (IMAGES + 1, *first[1:]):
        raise Broken(f"returns {told(first)} for {IMAGES} images; allowed is a row for each image")
    if once.parameters != again.parameters:
        raise Broken("has parameters whose shapes depend on the number of images")
    return Checked(once.parameters, first[1:], once.multiplications, once.given)


class _Shapes:
    """The shapes of a graph's parameters and outputs, for so many images."""

    def __init__(self, graph: Graph, data: Shape, known: Mapping[str, Shape]) -> None:
        self._graph, self._known, self._images = graph, known, data[0]
        self.outputs: list[list[Shape]] = []
        self.parameters: dict[str, Shape] = {}
        self.given: dict[str, Shape] = {}
        self.multiplications = 0
        self._variables: dict[int, Shape] = {}
        for number, node in enumerate(graph.nodes):
            if node.operator is None:
                if node.name == DATA:
                    self._variables[number] = data
                self.outputs.append([])
            else:
                self.outputs.append(self._outputs(node))

    def _outputs(self, node: Node) -> list[Shape]:
        known = _operator(node)
        usual = {key: value for key, (_, value) in known.attributes.items()}
        values = usual | parsed_attributes(node, known.attributes)
        given = [self._given(node, position) for position in range(len(node.inputs))]
        while True:
            try:
                inputs, outputs = known.rule(values, given)
                break
            except Unknown as unknown:
                given[unknown.position] = self._look_up(node, unknown)
            except Misfit as misfit:
                raise Broken(f"does not fit: {node.name} ({node.operator}) {misfit}") from misfit
        self._learn(node, inputs)
        for each in outputs:
            if math.prod(each) > MOST_VALUES * self._images or not math.prod(each):
                raise Broken(f"has {node.name}, which makes {told(each[1:])} of an image")
        self.multiplications += _multiplications(known, (inputs, outputs))
        return list(outputs)

    def _given(self, node: Node, position: int) -> Shape | None:
        number, output = node.inputs[position]
        if self._graph.nodes[number].operator is None:
            if output:
                raise Broken(f"has {node.name}, which is given an output that is not there")
            return self._variables.get(number)
        if output >= len(self.outputs[number]):
            raise Broken(f"has {node.name}, which is given an output that is not there")
        return self.outputs[number][output]

    def _look_up(self, node: Node, unknown: Unknown) -> Shape:
        variable = self._graph.nodes[node.inputs[unknown.position][0]]
        alone = _declared(variable) or unknown.usual  # without any values
        found = self._known.get(variable.name, alone)
        if found is None:
            raise Broken(f"has the parameter {variable.name}, whose shape {NO_SHAPE}")
        if found != alone:
            self.given[variable.name] = found
        return found

    def _learn(self, node: Node, inputs: Shapes | Any) -> None:
        for (number, _), shape in zip(node.inputs, inputs, strict=True):
            variable = self._graph.nodes[number]
            if variable.operator is None:
                self._variables[number] = shape
                if variable.name != DATA:
                    self.parameters[variable.name] = shape


def _declared(variable: Node) -> Shape | None:
    """Return the shape that a variable was declared with in the file."""
    try:
        found: Shape = sides(1)(variable.attributes.get(SHAPE, "None"))
    except ValueError:
        return None
    return found or None


def _multiplications(known: Operator, shapes: Shapes) -> int:
    """Return how many one image needs: those of weights, at each place."""
    inputs, outputs = shapes
    if "weight" not in known.slots:
        return 0
    return math.prod(inputs[1]) * math.prod(outputs[0][2:])


def slots(graph: Graph) -> dict[str, str]:
    """Return what each parameter is to the first operator that uses it, as ``bias``.

    :data:`OTHER` for one that is no parameter of any layer.
    """
    found: dict[str, str] = {}
    for name, node, position in graph.uses():
        own = _operator(node).slots
        found.setdefault(name, own[position] if position < len(own) else own[0])
    return found
