"""The layers of a network, and its parameters: tables of them, and a drawing."""

import json
import logging
import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sweep.backend.mxnet import gluon, mx
from sweep.config.images import Shape, shape_text
from sweep.networks.frozen import is_trained

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Layer:
    """One operator of a network.

    Attributes:
        name: in the network.
        kind: what it does, as ``Convolution 5×5``.
        shape: of what it returns for one image.
        parameters: the number of trained values.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int


def layers(symbol: mx.sym.Symbol, shape: Shape) -> list[Layer]:
    """Return the layers of a graph whose only input is ``data``, images of this shape."""
    internals = symbol.get_internals()
    _, shapes, _ = internals.infer_shape(data=(1, *shape))
    known = dict(zip(internals.list_outputs(), shapes, strict=True))
    running = symbol.list_auxiliary_states()  # means and variances, which are not trained
    nodes = json.loads(symbol.tojson())["nodes"]
    found = []
    for node in nodes:
        if node["op"] == "null":
            continue
        inputs = [nodes[number]["name"] for number, *_ in node["inputs"]]
        own = [name for name in inputs if name in known and name not in ("data", *running)]
        found.append(
            Layer(
                node["name"],
                _kind(node["op"], node.get("attrs", {})),
                _returned(known, node["name"])[1:],
                sum(math.prod(known[name]) for name in own),
            )
        )
    return found


def _returned(shapes: Mapping[str, tuple[int, ...]], name: str) -> tuple[int, ...]:
    """Return the shape of an operator's output; the first one's, if it has several."""
    return shapes.get(f"{name}_output") or shapes[f"{name}_output0"]


def _kind(operator: str, attributes: dict[str, str]) -> str:
    about = [attributes[key] for key in ("act_type", "pool_type") if key in attributes]
    if "kernel" in attributes:
        about.append(attributes["kernel"].strip("()").replace(", ", "×"))
    if attributes.get("stride"):
        about.append(f"step {attributes['stride'].strip('()').partition(',')[0]}")
    return " ".join([operator, *about])


def rows_of(found: Sequence[Layer]) -> list[tuple[str, str, str, str]]:
    """Return the layers as they are shown, and the sum of their parameters."""
    rows = [
        (each.name, each.kind, shape_text(each.shape), f"{each.parameters:,}") for each in found
    ]
    return [*rows, ("all", "", "", f"{sum(each.parameters for each in found):,}")]


def table(found: Sequence[Layer]) -> str:
    """Return the layers as lines to read, with the sum of their parameters."""
    rows = [("layer", "what", "returns", "parameters"), *rows_of(found)]
    one, two, three, four = (max(map(len, column)) for column in zip(*rows, strict=True))
    return "".join(f"{a:<{one}}  {b:<{two}}  {c:>{three}}  {d:>{four}}\n" for a, b, c, d in rows)


def parameter_table(net: gluon.Block) -> str:
    """Return a network's parameters as lines to read: their names, sizes, and what is trained."""
    rows, trained, total = [("parameter", "shape", "values", "")], 0, 0
    counted: set[int] = set()  # one that is in several places counts once
    for name, each in net._collect_params_with_prefix().items():
        size = math.prod(each.shape)
        if id(each) not in counted:
            total, trained = total + size, trained + size * is_trained(each)
        counted.add(id(each))
        told = "trained" if is_trained(each) else "not trained"
        rows.append((name, shape_text(each.shape), f"{size:,}", told))
    rows.append(("all", "", f"{total:,}", f"{trained:,} trained"))
    one, two, three, _ = (max(map(len, column)) for column in zip(*rows, strict=True))
    lines = (f"{a:<{one}}  {b:<{two}}  {c:>{three}}  {d}" for a, b, c, d in rows)
    return "".join(f"{line.rstrip()}\n" for line in lines)


def drawing(symbol: mx.sym.Symbol, shape: Shape) -> bytes | None:
    """Return a drawing of the graph as SVG; None where graphviz's program ``dot`` is not there."""
    if not shutil.which("dot"):
        log.info("the network is not drawn: graphviz's program dot is not installed")
        return None
    words = {"fontname": "sans-serif", "fontsize": "11"}
    look = {"fixedsize": "false", **words}
    graph = mx.viz.plot_network(symbol, shape={"data": (1, *shape)}, node_attrs=look)
    graph.edge_attr.update(words)
    graph.graph_attr["rankdir"] = "BT"  # its edges point back to the input, which then is on top
    drawn: bytes = graph.pipe("svg")
    return drawn
