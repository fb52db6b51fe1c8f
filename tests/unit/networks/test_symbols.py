"""Files of networks, of any version of MXNet: read, cut at their outputs, and compared with their
parameters."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from modules import CLASSES, SHAPE, convolutional, group, two_layers

from sweep.backend.mxnet import mx
from sweep.config.choices import NETWORKS
from sweep.config.compose import load
from sweep.errors import UserError
from sweep.networks.blocks.symbol import refused
from sweep.networks.params_file import Broken
from sweep.networks.symbols.fitting import fitting
from sweep.networks.symbols.outputs import output_names, scores_of, with_scores
from sweep.networks.symbols.reading import read_graph
from sweep.networks.symbols.shapes import check_shapes, slots
from sweep.runs.own_networks import Request, tried

NO_NETWORKS = ("custom", "symbol", "outside")  # of themselves: somebody else has them


def changed(symbol, change):
    """A symbol's JSON, after a change of what is read from it."""
    read = json.loads(symbol.tojson())
    change(read)
    return json.dumps(read)


def as_before_1_0(read):
    """``attr`` instead of ``attrs``, and an earlier version."""
    for node in read["nodes"]:
        node["attr"] = node.pop("attrs", {}) | {"ctx_group": "dev1", "lr_mult": "0.1"}
    read["attrs"]["mxnet_version"] = ["int", 1100]


def as_before_0_9(read):
    """``param``, two numbers for an input, and no variables for the running means."""
    running = [k for k, each in enumerate(read["nodes"]) if "_moving_" in each["name"]]
    kept = [k for k in range(len(read["nodes"])) if k not in running]
    places = {number: place for place, number in enumerate(kept)}
    for node in read["nodes"]:
        node["param"] = node.pop("attrs", {})
        node["backward_source_id"] = -1
        node["inputs"] = [[places[a], b] for a, b, _ in node["inputs"] if a not in running]
    read["nodes"] = [read["nodes"][k] for k in kept]
    read["heads"] = [[places[a], b] for a, b, _ in read["heads"]]
    del read["attrs"]


def as_written_now(read):
    """As it is."""


def arrays_of(symbol, image=SHAPE, seed=0):
    """Parameters for a symbol, as its file has them."""
    arguments, _, running = symbol.infer_shape(data=(1, *image))
    names = [*symbol.list_arguments(), *symbol.list_auxiliary_states()]
    random = np.random.RandomState(seed)
    return {
        name: random.uniform(0.5, 1, size=shape).astype(np.float32)
        for name, shape in zip(names, [*arguments, *running], strict=True)
        if name != "data" and not name.endswith("label")
    }


@pytest.mark.parametrize("spelling", [as_before_0_9, as_before_1_0, as_written_now])
def test_the_spellings_of_all_versions_are_the_same_network(spelling):
    symbol = convolutional()
    arrays = arrays_of(symbol)
    scores = scores_of(read_graph(changed(symbol, spelling)), None, arrays)
    assert (scores.output, scores.task) == ("softmax_output", "classification")
    assert {*scores.graph.variables} == {"data", *arrays}
    assert fitting(scores.graph, arrays, [], SHAPE[1:]).checked.output == (CLASSES,)
    ours, truth = mx.sym.load_json(scores.graph.to_json()), symbol.get_children()[0]
    images = mx.nd.array(np.random.RandomState(1).uniform(size=(3, *SHAPE)))
    running = truth.list_auxiliary_states()
    given = {name: mx.nd.array(each) for name, each in arrays.items()}
    means = {name: given.pop(name) for name in running}
    found, expected = (
        each.bind(mx.cpu(), {**given, "data": images}, aux_states=means).forward()[0].asnumpy()
        for each in (ours, truth)
    )
    assert (found == expected).all()


def test_a_group_has_two_outputs_of_which_one_is_taken():
    graph, arrays = read_graph(group().tojson()), arrays_of(group())
    assert output_names(graph) == ["softmax_output", "lin_output"]
    for output, task, size in (("softmax", "classification", 5), ("lin_output", "regression", 2)):
        scores = scores_of(graph, output, arrays)
        unused = [each for each in graph.variables if each not in scores.graph.variables]
        found = fitting(scores.graph, arrays, unused, (12, 12))
        assert (scores.task, found.image, found.checked.output) == (task, SHAPE, (size,))


def test_the_end_of_a_logistic_regression_stays_and_others_go():
    data = mx.sym.FullyConnected(mx.sym.var("x"), num_hidden=2, name="fc")
    ends = {
        "LogisticRegressionOutput": mx.sym.LogisticRegressionOutput(data, name="end"),
        "softmax": mx.sym.BlockGrad(mx.sym.softmax(data)),
        "SVMOutput": mx.sym.SVMOutput(data, name="end"),
    }
    last = {}
    for name, symbol in ends.items():
        graph = scores_of(read_graph(symbol.tojson()), None, ["fc_weight", "fc_bias"]).graph
        last[name] = graph.nodes[graph.heads[0][0]].operator
        assert graph.variables[0] == "data"
    assert last == {
        "LogisticRegressionOutput": "sigmoid",
        "softmax": "FullyConnected",
        "SVMOutput": "FullyConnected",
    }


S = mx.sym
# Each end, or several, on a layer; and what the scores below it are.
CHAINS = {
    "SoftmaxOutput(fc)": (lambda fc: S.SoftmaxOutput(fc), "classification"),
    "SoftmaxOutput(BlockGrad(fc))": (lambda fc: S.SoftmaxOutput(S.BlockGrad(fc)), "classification"),
    "BlockGrad(softmax(fc))": (lambda fc: S.BlockGrad(S.softmax(fc)), "classification"),
    "softmax(fc, axis=1)": (lambda fc: S.softmax(fc, axis=1), "classification"),
    "SoftmaxOutput(softmax(fc))": (lambda fc: S.SoftmaxOutput(S.softmax(fc)), "classification"),
    "SoftmaxOutput(log_softmax(fc))": (
        lambda fc: S.SoftmaxOutput(S.log_softmax(fc)),
        "classification",
    ),
    "softmax(softmax(fc))": (lambda fc: S.softmax(S.softmax(fc)), "classification"),
    "LinearRegressionOutput(fc)": (lambda fc: S.LinearRegressionOutput(fc), "regression"),
    "LinearRegressionOutput(softmax(fc))": (
        lambda fc: S.LinearRegressionOutput(S.BlockGrad(S.softmax(fc))),
        "regression",
    ),
    "MAERegressionOutput(log_softmax(fc))": (
        lambda fc: S.MAERegressionOutput(S.log_softmax(fc)),
        "regression",
    ),
    "LogisticRegressionOutput(softmax(fc))": (
        lambda fc: S.LogisticRegressionOutput(S.softmax(fc)),
        "regression",
    ),
}


@pytest.mark.parametrize("chain", CHAINS)
def test_the_scores_below_an_end_give_its_answers(chain):
    end, task = CHAINS[chain]
    truth = end(S.FullyConnected(S.var("data"), num_hidden=3, name="fc"))
    given = {
        "data": mx.nd.array([[1, -2], [0.5, 3]]),
        "fc_weight": mx.nd.array([[1, 2], [-1, 0.5], [0.3, -0.7]]),
        "fc_bias": mx.nd.array([0.1, -0.2, 0.3]),
    }
    scores = scores_of(read_graph(truth.tojson()), None, ["fc_weight", "fc_bias"])
    assert scores.task == task
    again = scores_of(read_graph(scores.graph.to_json()), None, None)
    assert again.graph == scores.graph  # it is written to the record, and read from there
    ours = S.load_json(scores.graph.to_json())
    ours = S.softmax(ours) if task == "classification" else ours
    labels = [each for each in truth.list_arguments() if each not in given]
    given_labels = {each: mx.nd.zeros((2,) if "softmax" in each else (2, 3)) for each in labels}
    (found,), (expected,) = (
        ours.bind(mx.cpu(), given).forward(),
        truth.bind(mx.cpu(), given | given_labels).forward(),
    )
    assert found.asnumpy() == pytest.approx(expected.asnumpy(), abs=1e-6)


@pytest.mark.parametrize(
    ("end", "line"),
    [
        (lambda fc: S.softmax(fc, temperature=2), "temperature=2: allowed is None"),
        (lambda fc: S.softmax(fc, axis=0), "axis=0: allowed is -1, 1"),
        (lambda fc: S.log_softmax(fc, dtype="float16"), "dtype=float16: allowed is None"),
        (
            lambda fc: S.SoftmaxOutput(fc, multi_output=True),
            "multi_output=True: allowed is False, false, 0",
        ),
    ],
    ids=["temperature", "axis", "dtype", "multi_output"],
)
def test_an_end_that_computes_something_else_is_refused(end, line):
    symbol = end(S.FullyConnected(S.var("data"), num_hidden=3, name="fc"))
    with pytest.raises(Broken) as error:
        scores_of(read_graph(symbol.tojson()), None, None)
    assert str(error.value).endswith(line)


def test_an_end_with_an_attribute_that_is_not_known_or_with_lengths_is_refused():
    symbol = S.softmax(S.FullyConnected(S.var("data"), num_hidden=3, name="fc"), name="end")
    for change, line in {
        node(-1, attrs={"colour": "red"}): "has end (softmax) with colour, which is not known here",
        node(-1, inputs=[[3, 0, 0], [2, 0, 0]]): "has end (softmax), which is given 2",
    }.items():
        with pytest.raises(Broken) as error:
            scores_of(read_graph(changed(symbol, change)), None, None)
        assert str(error.value) == line


def test_the_size_of_images_follows_from_the_parameters_where_one_alone_fits():
    data = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=3)
    deep = mx.sym.FullyConnected(convolutional().get_internals()["pool1_output"], num_hidden=3)
    sizes = {}
    for image in ((1, 28, 28), (3, 32, 32), (1, 1, 7), (3, 64, 64)):
        symbol = deep if image[1] == 64 else data
        arrays = arrays_of(symbol, image)
        graph = scores_of(read_graph(symbol.tojson()), None, arrays).graph
        sizes[image] = fitting(graph, arrays, [], None).image
    assert [*sizes] == [*sizes.values()]


def test_the_slope_of_a_prelu_has_the_shape_of_its_file_or_its_declaration():
    def checked(known, **declared):
        symbol = S.LeakyReLU(S.var("data"), S.var("slope", **declared), act_type="prelu")
        graph = scores_of(read_graph(S.FullyConnected(symbol, num_hidden=2).tojson()), None, None)
        found = check_shapes(graph.graph, SHAPE, known)
        return found.parameters["slope"], dict(found.given)

    assert checked({}) == ((3,), {})
    assert checked({"slope": (3,)}) == ((3,), {})
    assert checked({"slope": (1,)}) == ((1,), {"slope": (1,)})
    assert checked({}, shape=(1,)) == checked({"slope": (1,)}, shape=(1,)) == ((1,), {})
    assert checked({"slope": (3,)}, shape=(1,)) == ((3,), {"slope": (3,)})
    with pytest.raises(Broken, match=r"\(LeakyReLU\) has a parameter of 2, which would be 3$"):
        checked({"slope": (2,)})


def test_names_may_have_any_letters():
    symbol = S.FullyConnected(S.var("data"), num_hidden=3, name="café 卷积 $x")
    graph = scores_of(read_graph(symbol.tojson()), None, None).graph
    assert S.load_json(graph.to_json()).list_arguments() == symbol.list_arguments()
    network = replace(load("model=symbol").model, file="net-symbol.json").of(graph)
    names = [*network.build((1, 2, 2), 3).collect_params()]
    assert names == ["café 卷积 $x_weight", "café 卷积 $x_bias"]


def test_a_parameter_that_no_layer_has_as_its_own_is_not_drawn():
    constant = S.var("scaled_mean", shape=(1, 3, 1, 1))
    data = S.broadcast_sub(S.var("data"), constant)
    graph = scores_of(read_graph(S.FullyConnected(data, num_hidden=3).tojson()), None, None).graph
    network = replace(load("model=symbol").model, file="net-symbol.json").of(graph)
    with pytest.raises(UserError) as error:
        tried(Request(network, SHAPE, 3, Path()))
    assert str(error.value) == (
        "model.file=net-symbol.json: has scaled_mean, which no layer has as its weight or bias, "
        "and whose values are not in the file; allowed is init_from=RUN_ID, or "
        "init_from=NET-0010.params, with what was trained"
    )
    plain = scores_of(read_graph(two_layers().tojson()), None, None).graph
    assert tried(Request(network.of(plain), SHAPE, CLASSES, Path())).note == ""


def test_a_file_in_the_home_folder_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    Path("net-symbol.json").write_text(two_layers().tojson())
    network = replace(load("model=symbol").model, file="~/net-symbol.json")
    found = network.tried(SHAPE, CLASSES, Path()).network
    assert (found.is_unknown, found.file) == (False, "~/net-symbol.json")
    with pytest.raises(UserError) as error:
        replace(network, file="~/none-symbol.json").tried(SHAPE, CLASSES, Path())
    assert str(error.value) == (
        "model.file=~/none-symbol.json: No such file or directory; allowed is a file "
        "NET-symbol.json of a Module, or of HybridBlock.export"
    )


def test_what_mxnet_alone_refuses_gets_a_line():
    data = S.var("data")
    for symbol, attribute in (
        (S.BatchNorm_v1(data, name="one"), {"axis": "1"}),
        (S.Pooling_v1(data, kernel=(2, 2), name="one"), {"count_include_pad": "True"}),
    ):
        content = changed(
            symbol, lambda read, added=attribute: read["nodes"][-1].update(attrs=added)
        )
        with pytest.raises(Broken) as error:
            scores_of(read_graph(content), None, None)
        assert str(error.value).endswith(f"with {[*attribute][0]}, which is not known here")
    lines = "Traceback (most recent call last):\n  File x.h\nMXNetError: Check failed: it is\n\n"
    assert str(refused(mx.MXNetError(lines))) == "is refused by MXNet: Check failed: it is"


def test_another_number_of_scores_is_another_last_layer():
    graph = scores_of(read_graph(two_layers().tojson()), None, None).graph
    found = check_shapes(with_scores(graph, 9), SHAPE, {})
    assert (found.output, found.parameters["fc2_weight"]) == ((9,), (9, 16))
    assert slots(graph)["fc2_bias"] == "bias"
    twice = read_graph(changed(two_layers(), node(4, name="fc2")))
    found = check_shapes(with_scores(scores_of(twice, None, None).graph, 9), SHAPE, {})
    assert (found.parameters["fc1_weight"][0], found.parameters["fc2_weight"][0]) == (16, 9)


def without(*keys):
    def change(read):
        for key in keys:
            del read[key]

    return change


def node(number, **values):
    return lambda read: read["nodes"][number].update(values)


BROKEN = {
    "no nodes": (without("nodes"), "is no network of MXNet's: it has no list of nodes"),
    "no heads": (without("heads"), "is no network of MXNet's: its outputs has no list of inputs"),
    "a node that is none": (
        lambda read: read["nodes"].insert(0, 7),
        "is no network of MXNet's: node 0 is none",
    ),
    "unknown operator": (
        node(-1, op="SoftmaxOutputt"),
        "has the operator SoftmaxOutputt (softmax), which is not known here",
    ),
    "custom operator": (
        node(4, op="Custom"),
        "has the operator Custom (fc1), which is not known here",
    ),
    "a circle": (
        node(4, inputs=[[6, 0, 0]]),
        "is no network of MXNet's: fc1 is given node 6, which does not come before",
    ),
    "an attribute": (
        node(4, attrs={"num_hidden": "-5"}),
        "has fc1 (FullyConnected) with num_hidden=-5: allowed is a whole number from 1 to "
        "2147483647",
    ),
    "no attribute": (node(4, attrs={}), "has fc1 (FullyConnected) without num_hidden"),
    "another attribute": (
        node(4, attrs={"num_hidden": "16", "colour": "red"}),
        "has fc1 (FullyConnected) with colour, which is not known here",
    ),
    "twice": (node(2, name="fc2_bias"), "has two variables called fc2_bias"),
    "a name with a control character": (
        node(4, name="fc\n1"),
        "is no network of MXNet's: the name 'fc\\n1' of node 4 is no printable text",
    ),
    "a name with half a letter": (
        node(4, name="fc\ud800"),
        "is no network of MXNet's: the name 'fc\\ud800' of node 4 is no printable text",
    ),
    "a loop": (
        node(4, subgraphs=[{}]),
        "has a loop or a condition in fc1; allowed are networks without",
    ),
    "not enough inputs": (
        node(4, inputs=[[1, 0, 0]]),
        "does not fit: fc1 (FullyConnected) is given 1 inputs instead of 3",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_graph_is_told(case):
    change, line = BROKEN[case]
    with pytest.raises(Broken) as error:
        graph = scores_of(read_graph(changed(two_layers(), change)), None, None).graph
        check_shapes(graph, SHAPE, {})
    assert str(error.value).startswith(line)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"\x93NUMPY", "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
        (b"{}", "is no network of MXNet's: it has no list of nodes"),
        (b" " * (64 * 2**20 + 1), "has 67,108,865 bytes; allowed are 67,108,864 of a network"),
    ],
    ids=["no text", "deep", "empty", "large"],
)
def test_what_is_no_graph_is_told(content, line):
    with pytest.raises(Broken) as error:
        read_graph(content)
    assert str(error.value) == line


def test_outputs_that_are_not_there_are_told():
    graph = read_graph(group().tojson())
    for output, line in {
        None: "has 2 outputs, softmax_output, lin_output; one of them has to be chosen",
        "softmaxx": "has no output softmaxx (did you mean softmax_output?); there is "
        "softmax_output, lin_output",
    }.items():
        with pytest.raises(Broken) as error:
            scores_of(graph, output, None)
        assert str(error.value) == line


def test_an_output_whose_name_another_has_is_not_guessed():
    data = S.var("data")
    layers = [S.FullyConnected(data, num_hidden=each, name=f"fc{each}") for each in (2, 3)]
    graph = read_graph(S.Group([S.softmax(each, name="end") for each in layers]).tojson())
    with pytest.raises(Broken) as error:
        scores_of(graph, "end", None)
    assert str(error.value) == "has 2 outputs that are called end; allowed is a name of one"


def refusal(symbol, arrays, sides=SHAPE[1:]):
    graph = scores_of(read_graph(symbol.tojson()), None, arrays).graph
    with pytest.raises(Broken) as error:
        fitting(graph, arrays, [], sides)
    return str(error.value)


def test_parameters_of_another_network_are_listed_with_their_shapes():
    arrays = arrays_of(two_layers())
    another = {**arrays, "fc9_weight": arrays["fc1_weight"]}
    assert refusal(two_layers(), another) == (
        "has the parameters of another network: it has fc9_weight (16×432), which the network has "
        "not"
    )
    arrays["fc2_weight"] = np.zeros((5, 17), np.float32)
    assert refusal(two_layers(), arrays) == (
        "does not take images of 12×12 pixels: the parameters have other shapes: fc2_weight (5×17 "
        "there, 5×16 here)"
    )
    del arrays["fc2_bias"]
    with pytest.raises(Broken, match="does not tell what it is given|it has no fc2_bias"):
        fitting(scores_of(read_graph(two_layers().tojson()), None, arrays).graph, arrays, [], None)


def test_numbers_that_are_none_or_of_another_kind_are_refused():
    arrays = arrays_of(two_layers())
    assert refusal(two_layers(), arrays | {"fc2_bias": np.full(5, np.nan, np.float32)}) == (
        "has numbers in fc2_bias that are not finite"
    )
    assert refusal(two_layers(), arrays | {"fc2_bias": np.zeros(5)}) == (
        "has fc2_bias as float64; allowed is float32"
    )


def test_a_size_that_does_not_fit_is_told():
    line = "does not take images of 1×1 pixels: does not fit: pool1 (Pooling) leaves nothing of"
    assert refusal(convolutional(), arrays_of(convolutional()), (1, 1)).startswith(line)
    assert "16777216×16777216: allowed are 268,435,456 values" in refusal(
        two_layers(), arrays_of(two_layers()), (2**24, 2**24)
    )
    pooled = mx.sym.Pooling(
        convolutional().get_internals()["conv1_output"], kernel=(1, 1), global_pool=True
    )
    symbol = mx.sym.FullyConnected(pooled, num_hidden=3)
    found = refusal(symbol, arrays_of(symbol), None)
    assert found.startswith("takes images of several sizes (28×28, 32×32, 64×64, ")
    assert found.endswith("; the size has to be given")


@pytest.mark.parametrize("model", [each for each in NETWORKS.names() if each not in NO_NETWORKS])
def test_every_network_of_this_program_is_understood(model):
    network = load(f"model={model}").model
    symbol = network.build((3, 32, 32), 10)(mx.sym.var("data"))
    graph = scores_of(read_graph(symbol.tojson()), None, None).graph
    expected = arrays_of(symbol, (3, 32, 32))
    checked = check_shapes(graph, (3, 32, 32), {n: each.shape for n, each in expected.items()})
    assert checked.output == (10,)
    assert dict(checked.parameters) == {name: each.shape for name, each in expected.items()}
    assert checked.multiplications == pytest.approx(
        network.multiplications((3, 32, 32), 10),
        rel=0.8,  # LeNet's channels are padded
    )
