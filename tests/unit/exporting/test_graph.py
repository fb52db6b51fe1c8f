"""Graphs are read from MXNet's JSON, in all its spellings; what is none is told."""

import json

import numpy as np
import pytest

from sweep.backend.mxnet import mx, nd
from sweep.errors import UserError
from sweep.exporting.computing import answers
from sweep.exporting.graph import Graph, read_graph
from sweep.exporting.node import Node

WEIGHT = np.arange(8, dtype=np.float32).reshape(2, 4)
IMAGE = np.array([[[[1, 2], [3, 4]]]], np.float32)


def params(tmp_path, **arrays):
    file = tmp_path / "some.params"
    nd.save(str(file), {f"arg:{name}": nd.array(each) for name, each in arrays.items()})
    return file.read_bytes()


def symbol(change=lambda graph: None):
    data = mx.sym.var("data")
    dense = mx.sym.FullyConnected(data, num_hidden=2, no_bias=True, name="dense")
    graph = json.loads(dense.tojson())
    change(graph)
    return json.dumps(graph).encode()


def renamed(*keys):
    def change(graph):
        for node in graph["nodes"]:
            attributes = node.pop("attrs", {})
            for key, part in zip(
                keys, (dict(list(attributes.items())[:1]), attributes), strict=True
            ):
                node[key] = part

    return change


@pytest.mark.parametrize("keys", [("attr", "attrs"), ("param", "attr")])
def test_older_spellings(keys, tmp_path):
    files = symbol(renamed(*keys)), params(tmp_path, dense_weight=WEIGHT)
    graph = read_graph(*files, (1, 2, 2))
    assert graph.nodes[0].attributes["no_bias"] == "True"
    assert answers(graph, IMAGE).tolist() == (IMAGE.reshape(1, 4) @ WEIGHT.T).tolist()


@pytest.mark.parametrize(
    ("text", "read"),
    [("(3, 3)", (3, 3)), ("(3L,3L)", (3, 3)), ("[1, None]", (1, None)), ("()", ()), ("7", (7,))],
)
def test_lists_of_numbers(text, read):
    assert Node("slice", "part", (), {"begin": text}).numbers("begin") == read


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"axis": "one"}, "part (slice): axis=one cannot be read"),
        ({"axis": "1.5"}, "part (slice): axis=1.5 is no whole number"),
        ({"axis": "open('x')"}, "part (slice): axis=open('x') cannot be read"),
    ],
)
def test_numbers_that_are_none(attributes, message):
    with pytest.raises(UserError) as raised:
        Node("slice", "part", (), attributes).integer("axis")
    assert str(raised.value) == message


def two_heads(graph):
    graph["heads"] = [[2, 0, 0], [0, 0, 0]]


def without_nodes(graph):
    graph["nodes"] = {}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (two_heads, "the network takes data and answers dense, data; allowed is one that takes"),
        (without_nodes, "the model has the parameter dense_weight, which its graph has not"),
        (lambda graph: graph.pop("heads"), "the model has a graph that is none of MXNet's"),
    ],
)
def test_graphs_that_cannot_be_exported(change, message, tmp_path):
    with pytest.raises(UserError) as raised:
        read_graph(symbol(change), params(tmp_path, dense_weight=WEIGHT), (1, 2, 2))
    assert str(raised.value).startswith(message)


def test_a_parameter_that_is_missing_is_one_that_it_takes(tmp_path):
    with pytest.raises(UserError, match=r"^the network takes data, dense_weight and answers dense"):
        read_graph(symbol(), params(tmp_path), (1, 2, 2))


@pytest.mark.parametrize(
    ("operator", "attributes", "message"),
    [
        ("Pooling", {"kernel": "(2, 2)", "stride": "(0, 0)"}, "stride=(0, 0): allowed are numbers"),
        ("Pooling", {"kernel": "(0, 2)"}, "kernel=(0, 2): allowed are numbers from 1"),
        (
            "Pooling",
            {"kernel": "(1, 1)", "pad": "(-1, 0)"},
            "pad=(-1, 0): allowed are numbers from",
        ),
        ("Reshape", {"shape": "(0, -4, 0, 1, -2)"}, "cannot be computed of what it is given: "),
        ("Pad", {"mode": "edge", "pad_width": f"(0, 0, {2**44}, 0, 0, 0, 0, 0)"}, "cannot be "),
        (
            "Pooling",
            {"kernel": "(1, 1)", "stride": "(4, 4)", "pooling_convention": "full"},
            "its last window sees nothing of the image",
        ),
    ],
)
def test_settings_that_cannot_be(operator, attributes, message):
    node = Node(operator, "part", ("data",), attributes)
    with pytest.raises(UserError) as raised:
        answers(Graph((node,), {}, "data", "part", (1, 2, 2)), IMAGE)
    assert str(raised.value).startswith(f"part ({operator}): {message}")


@pytest.mark.parametrize(("operator", "sides"), [("dot", 3), ("batch_dot", 2)])
def test_products_of_other_arrays_are_refused(operator, sides):
    nodes = (
        Node("Reshape", "some", ("data",), {"shape": str((1,) * (sides - 1) + (4,))}),
        Node(operator, "product", ("some", "some"), {"transpose_b": "True"}),
    )
    with pytest.raises(
        UserError, match=rf"^product \({operator}\): it multiplies arrays of {sides} "
    ):
        answers(Graph(nodes, {}, "data", "product", (1, 2, 2)), IMAGE)


def test_what_does_not_fit_is_told(tmp_path):
    graph = read_graph(symbol(), params(tmp_path, dense_weight=WEIGHT[:, :3]), (1, 2, 2))
    with pytest.raises(UserError, match=r"^dense \(FullyConnected\): cannot be computed of what"):
        answers(graph, IMAGE)
