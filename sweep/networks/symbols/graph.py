"""A network's graph as plain data: variables and operators, each after what it is given."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

DATA = "data"  # the variable that images are given as
SHAPE = "__shape__"  # an attribute of a variable
WRITTEN_AS = 10901  # the version whose form is written: 1.9.1

Place = tuple[int, int]  # which node, and which of its outputs


@dataclass(frozen=True)
class Node:
    """A variable, or an operator.

    Attributes:
        operator: its name; None for a variable.
        name: of the node.
        attributes: of the operator, as texts.
        inputs: what it is given: outputs of nodes that come before it.
    """

    operator: str | None
    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    inputs: tuple[Place, ...] = ()


@dataclass(frozen=True)
class Graph:
    """A network.

    Attributes:
        nodes: each after its inputs.
        heads: what it returns.
    """

    nodes: tuple[Node, ...]
    heads: tuple[Place, ...]

    @property
    def variables(self) -> list[str]:
        """The names of parameters, of what it is given, and of labels."""
        return [each.name for each in self.nodes if each.operator is None]

    def uses(self) -> Iterator[tuple[str, Node, int]]:
        """Yield each use of a variable: its name, the operator, and which of its inputs it is."""
        for node in self.nodes:
            for position, (number, _) in enumerate(node.inputs):
                if self.nodes[number].operator is None:
                    yield self.nodes[number].name, node, position

    def ending_in(self, head: Place) -> "Graph":
        """Return the part of it that one output needs."""
        needed, waiting = set(), [head[0]]
        while waiting:
            number = waiting.pop()
            if number not in needed:
                needed.add(number)
                waiting += [each for each, _ in self.nodes[number].inputs]
        kept = sorted(needed)
        places = {number: place for place, number in enumerate(kept)}
        nodes = tuple(
            replace(
                self.nodes[number],
                inputs=tuple((places[each], output) for each, output in self.nodes[number].inputs),
            )
            for number in kept
        )
        return Graph(nodes, ((places[head[0]], head[1]),))

    def followed_by(self, operator: str, name: str) -> "Graph":
        """Return it with an operator on its only output."""
        added = Node(operator, name, {}, self.heads)
        return Graph((*self.nodes, added), ((len(self.nodes), 0),))

    def with_attributes(self, changes: Mapping[int, Mapping[str, str]]) -> "Graph":
        """Return it with more attributes, by the numbers of nodes: names may repeat."""
        nodes = (
            replace(each, attributes={**each.attributes, **changes.get(number, {})})
            for number, each in enumerate(self.nodes)
        )
        return replace(self, nodes=tuple(nodes))

    def renamed(self, name: str, new: str) -> "Graph":
        """Return it with another name of a variable."""
        nodes = (
            replace(each, name=new) if each.operator is None and each.name == name else each
            for each in self.nodes
        )
        return replace(self, nodes=tuple(nodes))

    def to_json(self) -> str:
        """Return it in the form of MXNet 1.9.1."""
        nodes = [
            {
                "op": each.operator or "null",
                "name": each.name,
                "attrs": dict(each.attributes),
                "inputs": [[number, output, 0] for number, output in each.inputs],
            }
            for each in self.nodes
        ]
        content = {
            "nodes": nodes,
            "arg_nodes": [
                number for number, each in enumerate(self.nodes) if each.operator is None
            ],
            "heads": [[number, output, 0] for number, output in self.heads],
            "attrs": {"mxnet_version": ["int", WRITTEN_AS]},
        }
        # MXNet's reader does not know a letter by its number.
        return json.dumps(content, separators=(",", ":"), ensure_ascii=False)


def repeated(names: Iterable[str]) -> str | None:
    """Return the first name that is there twice."""
    seen: set[str] = set()
    return next((each for each in names if each in seen or seen.add(each)), None)  # type: ignore[func-returns-value]
