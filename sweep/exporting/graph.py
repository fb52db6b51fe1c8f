"""A network's graph as plain data: read from MXNet's JSON without MXNet."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.config.images import Shape
from sweep.errors import UserError
from sweep.exporting.node import Node
from sweep.networks.params_file import Broken
from sweep.networks.trained import GRAPH, PARAMETERS, read_trained

WHITE = 255
SCORES, PROBABILITIES = "scores", "probabilities"


@dataclass(frozen=True, eq=False)  # each is itself: what is known of it can be kept
class Graph:
    """A trained network.

    Attributes:
        nodes: in an order in which they can be computed.
        parameters: by their names.
        data: what the nodes call the images.
        result: what they call the scores.
        shape: of an image: channels, height, width.
        takes: the type of the images: ``float32``, or ``uint8`` from 0 (black) to 255.
        answers: what the result is: ``scores`` or ``probabilities``.
    """

    nodes: tuple[Node, ...]
    parameters: Mapping[str, NDArray[Any]]
    data: str
    result: str
    shape: Shape
    takes: str = "float32"
    answers: str = SCORES

    def with_scaling(self) -> "Graph":
        """Return a network that takes bytes, and makes of them what this one takes: 0 to 1."""
        cast = Node("Cast", f"{self.data}_floats", ("images_bytes",), {"dtype": "float32"})
        units = Node("_div_scalar", self.data, (cast.name,), {"scalar": str(WHITE)})
        nodes = (cast, units, *self.nodes)
        return replace(self, nodes=nodes, data="images_bytes", takes="uint8")

    def with_softmax(self) -> "Graph":
        """Return a network that answers the probability of each class."""
        name = f"{self.result}_softmax"
        softmax = Node("softmax", name, (self.result,), {"axis": "-1"})
        return replace(self, nodes=(*self.nodes, softmax), result=name, answers=PROBABILITIES)


def read_graph(symbol: bytes, params: bytes, shape: Shape) -> Graph:
    """Read a network that ``HybridBlock.export`` wrote.

    Args:
        symbol: the file ``…-symbol.json``.
        params: the file ``….params``.
        shape: of an image.

    Raises:
        UserError: a file is broken, or the network takes or answers more than one thing.
    """
    try:
        arrays = read_trained({GRAPH: symbol, PARAMETERS: params}).arrays
    except Broken as error:
        raise UserError(f"the model {error}") from error
    try:
        described = json.loads(symbol)
        written, heads = described["nodes"], described["heads"]
        names = _unique([str(each["name"]) for each in written])
        nodes = [_node(each, name, names) for each, name in zip(written, names, strict=True)]
        results = [_named(names, head) for head in heads]
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise UserError("the model has a graph that is none of MXNet's") from error
    data = [each.name for each in nodes if each.operator == "null" and each.name not in arrays]
    if len(data) != 1 or len(results) != 1:
        raise UserError(
            f"the network takes {', '.join(data) or 'nothing'} and answers {', '.join(results)}; "
            "allowed is one that takes images and answers scores alone"
        )
    steps = tuple(each for each in nodes if each.operator != "null")
    return Graph(steps, _floats(arrays), data[0], results[0], shape)


def _node(written: Mapping[str, Any], name: str, names: list[str]) -> Node:
    # "attrs" since MXNet 1.0; before it what was set was "param" or "attr".
    attributes: dict[str, Any] = {}
    for key in ("param", "attr", "attrs"):
        attributes |= written.get(key) or {}
    inputs = tuple(_named(names, each) for each in written["inputs"])
    texts = {str(key): str(value) for key, value in attributes.items()}
    return Node(str(written["op"]), name, inputs, texts)


def _named(names: list[str], reference: list[int]) -> str:
    """Return what a node's result is called, of the node's number and the result's."""
    node, result = reference[:2]
    return f"{names[node]}:{result}" if result else names[node]


def _unique(names: list[str]) -> list[str]:
    """Return names of which none is there twice: a block that is called twice has one name."""
    seen: Counter[str] = Counter()
    found: list[str] = []
    for name in names:
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name}_call{seen[name]}")
    return found


def _floats(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return parameters in this machine's order of bytes."""
    return {name: np.asarray(each, each.dtype.newbyteorder("=")) for name, each in arrays.items()}
