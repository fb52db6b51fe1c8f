"""A network computed by NumPy alone, operator by operator."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.config.registry import Registry
from sweep.exporting.graph import Graph
from sweep.exporting.node import Node

MOST_IMAGES = 1000  # that NumPy, which is slow, is asked about for a comparison
BATCH_PIXELS = 50_000  # of images at once; the windows of a convolution are many times as large
NONE: Mapping[str, str] = MappingProxyType({})

Array = NDArray[Any]


@dataclass(frozen=True)
class Computed:
    """How NumPy computes an operator of MXNet's.

    Attributes:
        formula: in words, for people who write it again elsewhere.
        defaults: what MXNet takes for attributes that a node does not set.
        function: of the node, with the defaults, and the arrays that it is given; returns one, or
            several in a tuple.
    """

    formula: str
    defaults: Mapping[str, str]
    function: Callable[..., Array | tuple[Array, ...]]


COMPUTED: Registry[Computed] = Registry("operator", "sweep.exporting.computed")


def computes(
    *operators: str, formula: str, defaults: Mapping[str, str] = NONE
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that makes a function known for these operators.

    Args:
        operators: as MXNet names them.
        formula: in words.
        defaults: what MXNet takes for attributes that a node does not set.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for each in operators:
            COMPUTED.register(each, Computed(formula, defaults, function))
        return function

    return decorate


def values(graph: Graph, images: Array) -> dict[str, Array]:
    """Return all that a network computes of images, by name, with what it is given.

    Args:
        graph: the network.
        images: (n, channels, height, width), of the type that it takes.

    Raises:
        UserError: an operator is not covered, or cannot be computed of what it is given.
    """
    found: dict[str, Array] = {**graph.parameters, graph.data: images}
    for node in graph.nodes:
        found |= results(node, found)
    return found


def completed(node: Node) -> Node:
    """Return a node with the defaults of what it does not set.

    Raises:
        UserError: its operator is not covered.
    """
    if (computed := COMPUTED.get(node.operator)) is None:
        raise node.cannot("this operator is not covered by the export")
    return replace(node, attributes={**computed.defaults, **node.attributes})


def results(node: Node, known: Mapping[str, Array]) -> dict[str, Array]:
    """Return what a node computes, by name.

    Raises:
        UserError: its operator is not covered, or cannot be computed of what it is given.
    """
    node = completed(node)
    try:
        made = COMPUTED[node.operator].function(node, *(known[each] for each in node.inputs))
    except (ValueError, TypeError, LookupError, ArithmeticError, MemoryError) as error:
        reason = " ".join(str(error).split())
        raise node.cannot(f"cannot be computed of what it is given: {reason}") from error
    parts = made if isinstance(made, tuple) else (made,)
    return {f"{node.name}:{i}" if i else node.name: each for i, each in enumerate(parts)}


def answers(graph: Graph, images: Array) -> NDArray[np.float32]:
    """Return a network's answers to images, (n, outputs) float32."""
    size = max(1, BATCH_PIXELS // max(1, images[:1].size))
    batches = (images[start : start + size] for start in range(0, len(images), size))
    found = np.concatenate([values(graph, each)[graph.result] for each in batches])
    return found.astype(np.float32, copy=False)
