"""Files of graphs as any MXNet has written them, from before 0.9 to 1.9.1.

Their form is NNVM's (``LoadJSON`` in its ``src/pass/saveload_json.cc``). What older ones have
otherwise, ``src/nnvm/legacy_json_util.cc`` of MXNet knows: attributes are called ``param``,
``attr`` or ``attrs``, and a BatchNorm had no variables for its running means.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sweep.networks.params_file import Broken
from sweep.networks.symbols.graph import SHAPE, Graph, Node, Place, repeated

MOST_BYTES = 64 * 2**20  # the largest network of Gluon's zoo has half a MiB
NO_GRAPH = "is no network of MXNet's"
VARIABLE = "null"
ATTRIBUTES = ("param", "attr", "attrs")  # the last one counts
# Of training alone, or of where a node is computed; MXNet hides them from operators.
HIDDEN = ("ctx_group", "lr_mult", "wd_mult", "force_mirroring", "mirror_stage")
NORMALIZATIONS = ("BatchNorm", "BatchNorm_v1")
RUNNING = ("moving_mean", "moving_var")


def read_graph(content: bytes | str) -> Graph:
    """Return the graph in a file.

    Its operators are not looked at: see :mod:`sweep.networks.symbols.shapes`.

    Raises:
        Broken: it is no graph, or not a whole one.
    """
    if len(content) > MOST_BYTES:
        raise Broken(f"has {len(content):,} bytes; allowed are {MOST_BYTES:,} of a network")
    try:
        read = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Broken("is no JSON") from error
    if not isinstance(read, dict) or not isinstance(read.get("nodes"), list):
        raise Broken(f"{NO_GRAPH}: it has no list of nodes")
    nodes: list[Node] = []
    places: list[int] = []  # of the file's nodes, as some older ones lack variables
    for number, each in enumerate(read["nodes"]):
        node = _node(each, number, places)
        added = _running_means(node)
        first = len(nodes)
        nodes += added
        more = tuple((first + offset, 0) for offset in range(len(added)))
        nodes.append(Node(node.operator, node.name, node.attributes, (*node.inputs, *more)))
        places.append(len(nodes) - 1)
    heads = tuple(_places(read.get("heads"), places, "its outputs"))
    if not heads:
        raise Broken(f"{NO_GRAPH}: it has no outputs")
    graph = Graph(tuple(nodes), heads)
    if twice := repeated(graph.variables):
        raise Broken(f"has two variables called {twice}")
    return graph


def _node(read: Any, number: int, places: list[int]) -> Node:
    if not isinstance(read, dict):
        raise Broken(f"{NO_GRAPH}: node {number} is none")
    operator, name = read.get("op"), read.get("name")
    if not isinstance(operator, str) or not isinstance(name, str) or not operator or not name:
        raise Broken(f"{NO_GRAPH}: node {number} has no operator or no name")
    if not name.isprintable():
        raise Broken(
            f"{NO_GRAPH}: the name {ascii(name)[:80]} of node {number} is no printable text"
        )
    if read.get("subgraphs"):
        raise Broken(f"has a loop or a condition in {name}; allowed are networks without")
    inputs = tuple(_places(read.get("inputs"), places, name))
    attributes = dict(_attributes(read, name))
    if operator == VARIABLE:
        if inputs:
            raise Broken(f"{NO_GRAPH}: the variable {name} is given something")
        return Node(None, name, {k: v for k, v in attributes.items() if k == SHAPE})
    return Node(operator, name, attributes, inputs)


def _attributes(read: Mapping[str, Any], name: str) -> Iterator[tuple[str, str]]:
    for spelling in ATTRIBUTES:
        given = read.get(spelling) or {}
        if not isinstance(given, dict):
            raise Broken(f"{NO_GRAPH}: {name} has attributes that are none")
        for key, value in given.items():
            if not isinstance(value, str):
                raise Broken(f"{NO_GRAPH}: the attribute {key} of {name} is no text")
            is_hidden = key.startswith("__") or key.endswith(HIDDEN)
            if key == SHAPE or not is_hidden:
                yield key, value


def _places(read: Any, places: list[int], name: str) -> Iterator[Place]:
    if not isinstance(read, list):
        raise Broken(f"{NO_GRAPH}: {name} has no list of inputs")
    for each in read:
        numbers = each[:2] if isinstance(each, list) and len(each) in (2, 3) else []
        if not numbers or not all(type(number) is int for number in numbers):
            raise Broken(f"{NO_GRAPH}: {name} has an input that is none")
        number, output = numbers
        if not 0 <= number < len(places) or not 0 <= output < 2**16:
            raise Broken(f"{NO_GRAPH}: {name} is given node {number}, which does not come before")
        yield places[number], output


def _running_means(node: Node) -> list[Node]:
    """Return the variables that a BatchNorm of MXNet before 0.9 does not have in its file."""
    if node.operator not in NORMALIZATIONS or len(node.inputs) != 3:
        return []
    return [Node(None, f"{node.name}_{each}") for each in RUNNING]
