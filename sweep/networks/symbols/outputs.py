"""Finds a network's outputs, and the scores below them.

A Module's network ends in an operator that is given labels, and computes its own gradient, as
SoftmaxOutput. It is cut off: losses here take scores, and what serves a model makes probabilities
of them, as SoftmaxOutput does, to the bit.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sweep.config.images import Shape
from sweep.config.tasks import Task
from sweep.errors import nearest
from sweep.networks.params_file import Broken
from sweep.networks.symbols.ends import without_end
from sweep.networks.symbols.graph import DATA, Graph, Place
from sweep.networks.symbols.operators import told
from sweep.networks.symbols.shapes import cleaned

LAST_LAYERS = {"FullyConnected": "num_hidden", "Convolution": "num_filter"}
PASSING = ("Flatten", "flatten", "Pooling", "Dropout", "Activation", "LeakyReLU")


class SeveralOutputs(Broken):
    """A network with several outputs, of which none was chosen."""


@dataclass(frozen=True)
class Scores:
    """A network up to the scores of one of its outputs.

    Attributes:
        graph: cleaned; its only output are the scores, and what it is given is called ``data``.
        output: the name of the output.
        task: what the scores are.
    """

    graph: Graph
    output: str
    task: Task


def output_names(graph: Graph) -> list[str]:
    """Return the names of all outputs, as ``softmax_output``."""
    return [_name(graph, head) for head in graph.heads]


def _name(graph: Graph, head: Place) -> str:
    node = graph.nodes[head[0]]
    if node.operator is None:
        return node.name
    several = [other for number, other in graph.heads if number == head[0]]
    return f"{node.name}_output{head[1] if len({*several, head[1]}) > 1 else ''}"


def scores_of(graph: Graph, output: str | None, parameters: Collection[str] | None) -> Scores:
    """Return the network up to the scores of one of its outputs.

    Args:
        graph: as it was read.
        output: its name, with or without ``_output``; None for the only one.
        parameters: the names of those that there are, which tell what it is given; None if
            they are not known: then it is what is called ``data``, or is the only thing that
            operators take first.

    Raises:
        Broken: there is no such output, or several and none is named; or it is not clear what the
            network is given.
    """
    head = _chosen(graph, output)
    name = _name(graph, head)
    below, task = without_end(graph, head)
    if below.nodes[below.heads[0][0]].operator is None:
        raise Broken(f"has the output {name}, which is no result of a network")
    data = _data(below, parameters)
    if data != DATA and DATA in below.variables:
        raise Broken(f"has a parameter called {DATA}, and is given {data}")
    return Scores(cleaned(below.renamed(data, DATA)), name, task)


def _chosen(graph: Graph, output: str | None) -> Place:
    names = output_names(graph)
    listed = ", ".join(names[:12])
    if output is None:
        if len(names) > 1:
            raise SeveralOutputs(
                f"has {len(names)} outputs, {listed}; one of them has to be chosen"
            )
        return graph.heads[0]
    found = [
        head
        for name, head in zip(names, graph.heads, strict=True)
        if output in (name, name.removesuffix("_output"))
    ]
    if len({*found}) > 1:
        raise Broken(f"has {len(found)} outputs that are called {output}; allowed is a name of one")
    if found:
        return found[0]
    raise Broken(f"has no output {output}{nearest(output, names)}; there is {listed}")


def _data(graph: Graph, parameters: Collection[str] | None) -> str:
    """Return the name of what the network is given."""
    free = graph.variables
    if parameters is not None:
        free = [each for each in free if each not in parameters]
    if DATA in free:
        return DATA
    other = {name for name, _, position in graph.uses() if position}
    first = [each for each in free if each not in other]
    if len(first) != 1:
        found = ", ".join(first[:12]) or "nothing"
        raise Broken(f"does not tell what it is given: {found}; allowed is one variable, {DATA}")
    return first[0]


def number_of_scores(shape: Shape | tuple[int, ...]) -> int:
    """Return how many scores an image has.

    Raises:
        Broken: it has no row of scores.
    """
    if len(shape) != 1:
        raise Broken(f"returns {told(shape)} for an image; allowed is a row of scores")
    return shape[0]


def with_scores(graph: Graph, count: int) -> Graph:
    """Return the network with so many scores of an image: its last layer is another one.

    Raises:
        Broken: its last layer is none that could be of another size.
    """
    number = graph.heads[0][0]
    while graph.nodes[number].operator in PASSING:
        number = graph.nodes[number].inputs[0][0]
    last = graph.nodes[number]
    if last.operator not in LAST_LAYERS:
        raise Broken(f"ends in {last.name} ({last.operator}), which cannot have {count} outputs")
    return graph.with_attributes({number: {LAST_LAYERS[str(last.operator)]: str(count)}})
