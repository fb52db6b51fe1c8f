"""A page that says how a network computes, for somebody who writes it again."""

from collections.abc import Iterator, Mapping

from sweep.exporting.computing import COMPUTED
from sweep.exporting.graph import PROBABILITIES, Graph
from sweep.exporting.node import Node
from sweep.exporting.shapes import Described, Sides, described

# What changes how fast something is computed, or is said elsewhere; and what only training needs.
NOT_TOLD = ("cudnn_off", "cudnn_tune", "num_args", "workspace", "momentum", "p")
GIVEN = {
    "float32": "float32, as the network was given them in training: pixels are from 0 (black) to 1",
    "uint8": "uint8, from 0 (black) to 255",
}


def page(graph: Graph, file: str) -> str:
    """Return the page, in Markdown.

    Args:
        graph: the network.
        file: the name of the file with its parameters.

    Raises:
        UserError: an operator is not covered.
    """
    return "\n".join(_lines(graph, file, described(graph))) + "\n"


def _lines(graph: Graph, file: str, known: Mapping[str, Described]) -> Iterator[str]:
    yield f"# How the network in `{file}` computes"
    yield ""
    yield f"It takes images, {_told((None, *graph.shape))} {GIVEN[graph.takes]}."
    kind = "probability" if graph.answers == PROBABILITIES else "score"
    yield f"It answers {_told(known[graph.result].sides)} float32: a {kind} for each output."
    yield "All numbers are float32. n is the number of images, and is the same in every step."
    yield ""
    yield "## Parameters"
    yield ""
    yield f'`numpy.load("{file}")` has them by name.'
    yield ""
    yield "| name | shape | type |"
    yield "| --- | --- | --- |"
    for name, array in graph.parameters.items():
        yield f"| `{name}` | {_told(array.shape)} | {array.dtype} |"
    yield ""
    yield "## Steps"
    yield ""
    yield "In this order. A step is given the images, parameters, and what steps before computed."
    yield ""
    yield "| step | operator | is given | settings | computes |"
    yield "| --- | --- | --- | --- | --- |"
    for node in graph.nodes:
        given = ", ".join("images" if each == graph.data else f"`{each}`" for each in node.inputs)
        yield (
            f"| `{node.name}` | {node.operator} | {given} | {_settings(node)} "
            f"| {_told(known[node.name].sides)} |"
        )
    yield ""
    yield f"The answer is what `{graph.result}` computes."
    yield ""
    yield "## Operators"
    yield ""
    yield "Settings have their numbers in the order of the axes: height, width."
    yield ""
    for operator in sorted({each.operator for each in graph.nodes}):
        yield f"- **{operator}**: {COMPUTED[operator].formula}{_defaults(operator)}"


def _defaults(operator: str) -> str:
    told = ", ".join(f"`{key}={value}`" for key, value in COMPUTED[operator].defaults.items())
    return f" Where a step does not set them: {told}." if told else ""


def _told(sides: Sides) -> str:
    named = ["n" if each is None else str(each) for each in sides]
    return f"({', '.join(named)}{',' * (len(named) == 1)})"


def _settings(node: Node) -> str:
    told = {key: each for key, each in node.attributes.items() if _is_told(key)}
    return ", ".join(f"`{key}={value}`" for key, value in told.items())


def _is_told(key: str) -> bool:
    return key not in NOT_TOLD and not key.startswith("__")
