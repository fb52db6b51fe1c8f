"""Runs that start from trained parameters: to the bit what they were, in every form of a file."""

import functools
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from epochwise import CROSS_ENTROPY, synthetic

from sweep.backend.mxnet import gluon, mx, nd
from sweep.config.compose import load
from sweep.config.metrics import measured_metric
from sweep.errors import UserError
from sweep.networks import matching
from sweep.networks.blocks.eager import save_parameters
from sweep.networks.build import build_network
from sweep.networks.trained import GRAPH, PARAMETERS, Start
from sweep.training.loop import Evaluation
from sweep.training.session import Training
from sweep.training.start import begin
from sweep.training.state import parameters

SMALL = {
    "mlp": ("model.hidden=[6]",),
    "lenet": ("model=lenet", "model.channels=[2,3]", "model.hidden=[4]"),
    "batch norm": ("model=lenet", "model.channels=[2,3]", "model.hidden=[4]")
    + ("model.batch_norm=true", "model.dropout=0.2"),
    "resnet": ("model=resnet", "model.channels=[4,6]", "model.blocks=[1,1]"),
    "shortcuts": ("model=resnet20", "model.channels=[4,6]", "model.blocks=[1,1]"),
    "densenet": ("model=densenet", "model.blocks=[2,1]", "model.growth=3")
    + ("model.stem_channels=4",),
    "googlenet": ("model=googlenet", "model.width=0.05", "model.blocks=[1,1,1]"),
}
GREY = (1, 28, 28)
FIVE = 5
ALLOWED = (
    "; allowed are parameters of the same network, where only those may differ whose shapes follow "
    "from the number of classes"
)
loaded = functools.cache(load)


def config_of(*given, **others):
    config = loaded(*given, "batch_size=16", "optim.lr=0.05", "epochs=2")
    return replace(config, context="cpu", **others)


def bits(net):
    return {key: each.data().asnumpy().tobytes() for key, each in parameters(net).items()}


@functools.cache
def source(name, *more):
    """A network that was trained for two epochs."""
    training = Training(config_of(*SMALL[name], *more), synthetic(), mx.cpu())
    assert [each.epoch for each in training.epochs()] == [1, 2]
    return training


def saved(net, folder):
    save_parameters(net, str(folder / "any.params"))
    return {PARAMETERS: (folder / "any.params").read_bytes()}


def exported(net, folder):
    net.hybridize()
    net(nd.zeros((1, *GREY)))  # which is when it becomes a graph
    net.export(str(folder / "net"), 10)
    return {
        PARAMETERS: (folder / "net-0010.params").read_bytes(),
        GRAPH: (folder / "net-symbol.json").read_bytes(),
    }


def begun(files, *given, classes=10):
    """A network of another seed that begins with these files; and the note about it."""
    model = loaded(*given).model
    net = build_network(model, GREY, classes, seed=7, context=mx.cpu())
    return net, begin(net, model, GREY, classes, Start("net.params", files))


def refusal(files, *given, classes=10):
    with pytest.raises(UserError) as found:
        begun(files, *given, classes=classes)
    return str(found.value)


@pytest.mark.parametrize("name", ["mlp", "lenet", "batch norm"])
def test_epoch_0_is_the_last_epoch_of_the_source(tmp_path, name):
    first = source(name)
    files = saved(first.net, tmp_path)
    config = config_of(*SMALL[name], "seed=3", init_from="net.params", init_digest="any")
    second = Training(config, synthetic(), mx.cpu(), files)
    assert bits(second.net) == bits(first.net)
    measured = Evaluation(
        second.model, synthetic().val, [measured_metric("accuracy")], mx.cpu(), CROSS_ENTROPY
    ).measure()
    last = first.records[-1].metrics
    assert measured == {"loss": last["val/loss"], "accuracy": last["val/accuracy"]}
    anew = Training(replace(config, init_from=None), synthetic(), mx.cpu())
    assert bits(anew.net) != bits(first.net)
    (*_, snapshot) = second.epochs()
    assert snapshot.records[0].metrics["train/loss"] < first.records[0].metrics["train/loss"]


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("form", [saved, exported])
def test_every_network_gets_its_parameters_back_to_the_bit(tmp_path, name, form):
    model = loaded(*SMALL[name]).model
    net = build_network(model, GREY, 10, seed=1, context=mx.cpu())
    found, note = begun(form(net, tmp_path), *SMALL[name])
    assert (bits(found), note) == (bits(net), "")


def test_the_model_of_a_run_with_normalisation_has_the_same_parameters(tmp_path):
    first = source("lenet", "dataset.normalize=standard")
    files = exported(first.model, tmp_path)
    assert b"scaled_mean" in files[PARAMETERS]
    found, note = begun(files, *SMALL["lenet"])
    assert (bits(found), note) == (bits(first.net), "")


def test_exported_parameters_are_found_by_name_without_their_graph(tmp_path):
    net = source("lenet").net
    files = exported(net, tmp_path)
    del files[GRAPH]
    assert b"arg:lenet_" in files[PARAMETERS]
    assert bits(begun(files, *SMALL["lenet"])[0]) == bits(net)


def module(folder):
    """A Module as MXNet's tutorials have it, and its answers to some images."""
    x = mx.sym.var("data")
    for number, channels in enumerate((2, 3), 1):
        x = mx.sym.Convolution(x, kernel=(5, 5), num_filter=channels, name=f"conv{number}")
        x = mx.sym.Activation(x, act_type="tanh")
        x = mx.sym.Pooling(x, pool_type="max", kernel=(2, 2), stride=(2, 2))
    x = mx.sym.FullyConnected(mx.sym.flatten(x), num_hidden=4, name="zz")
    x = mx.sym.Activation(x, act_type="tanh")
    x = mx.sym.SoftmaxOutput(mx.sym.FullyConnected(x, num_hidden=10, name="aa"), name="softmax")
    module = mx.mod.Module(x)
    images = mx.random.uniform(shape=(8, *GREY))
    labels = nd.zeros((8,))
    batches = mx.io.NDArrayIter(images, labels, 8)
    module.bind(batches.provide_data, batches.provide_label)
    module.init_params(mx.init.Xavier())
    module.save_checkpoint(str(folder / "tutorial"), 10)
    return images, module.predict(batches).asnumpy()


def test_a_module_goes_on_as_our_network(tmp_path):
    images, answers = module(tmp_path)
    files = {
        PARAMETERS: (tmp_path / "tutorial-0010.params").read_bytes(),
        GRAPH: (tmp_path / "tutorial-symbol.json").read_bytes(),
    }
    net, note = begun(files, *SMALL["lenet"])
    assert note == ""
    np.testing.assert_allclose(nd.softmax(net(images)).asnumpy(), answers, rtol=1e-5)
    assert refusal({PARAMETERS: files[PARAMETERS]}, *SMALL["lenet"]) == (
        f"init_from=net.params: has no 0.weight, which is 2×1×5×5 here{ALLOWED}"
    )
    assert refusal(files, *SMALL["mlp"]) == (
        f"init_from=net.params: has 8 parameters, and the network 4{ALLOWED}"
    )


def test_a_graph_that_is_of_others_is_refused(tmp_path):
    module(tmp_path)
    files = saved(source("mlp").net, tmp_path)
    graph = (tmp_path / "tutorial-symbol.json").read_bytes()
    end = "; allowed is a file that MXNet has written"
    assert refusal({**files, GRAPH: graph}, *SMALL["mlp"]) == (
        f"init_from=net.params: has the parameter 0.weight, which its graph has not{end}"
    )
    for broken in (b"{", b"[]", b'{"nodes": [{}]}', b"\xff", b"[" * 99_999):
        assert refusal({**files, GRAPH: broken}, *SMALL["mlp"]) == (
            f"init_from=net.params: has a graph that is none of MXNet's{end}"
        )


# --- networks of users ---


class Plain(gluon.nn.Sequential):
    """A network that runs eagerly."""

    def __init__(self, classes):
        super().__init__()
        self.add(gluon.nn.Dense(4), gluon.nn.Dense(classes))


def for_numpy(classes):
    mx.npx.set_np()
    net = gluon.nn.HybridSequential()
    net.add(gluon.nn.Dense(4), gluon.nn.Dense(classes))
    return net


def of_user(make, classes, seed):
    """Return a network as it is configured, and as it is built."""

    def build(shape, classes):
        return make(classes)

    network = SimpleNamespace(
        builder=lambda device: build,
        build_plain=build,
        initializer=lambda: None,
    )
    return network, build_network(network, GREY, classes, seed=seed, context=mx.cpu())


def for_ten(classes):
    net = gluon.nn.HybridSequential()
    net.add(gluon.nn.Dense(4), gluon.nn.Dense(10))
    assert classes == 10
    return net


class Scoped(gluon.nn.HybridBlock):
    """A network as Gluon's tutorials have it."""

    def __init__(self, classes):
        super().__init__()
        with self.name_scope():
            self.scale = self.params.get("scale", shape=(1,), init="ones")
            self.body = gluon.nn.HybridSequential()
            with self.body.name_scope():
                self.body.add(gluon.nn.Dense(4), gluon.nn.Dense(4))
            self.last = gluon.nn.Dense(classes)

    def hybrid_forward(self, F, x, scale):
        return self.last(self.body(F.broadcast_mul(x, scale)))


def test_a_file_of_gluons_save_params_is_the_same(tmp_path):
    net = of_user(Scoped, 10, seed=1)[1]
    file = tmp_path / "2018.params"
    net.collect_params().save(str(file), strip_prefix=net.prefix)
    assert [*nd.load(str(file))] == [
        *("scale", "hybridsequential0_dense0_weight", "hybridsequential0_dense0_bias"),
        *("hybridsequential0_dense1_weight", "hybridsequential0_dense1_bias"),
        *("dense0_weight", "dense0_bias"),
    ]
    network, other = of_user(Scoped, 10, seed=2)
    assert other.prefix != net.prefix
    assert begin(other, network, GREY, 10, Start("net", {PARAMETERS: file.read_bytes()})) == ""
    network, third = of_user(Scoped, 10, seed=3)
    begin(third, network, GREY, 10, Start("net", saved(net, tmp_path)))
    assert bits(other) == bits(third) == bits(net)


def test_a_file_of_gluons_save_params_of_another_network_is_refused(tmp_path):
    net = of_user(Scoped, 10, seed=1)[1]
    file = tmp_path / "2018.params"
    net.last.collect_params().save(str(file), strip_prefix=net.prefix)
    network, other = of_user(Scoped, 10, seed=2)
    with pytest.raises(UserError) as found:
        begin(other, network, GREY, 10, Start("net", {PARAMETERS: file.read_bytes()}))
    assert str(found.value) == f"init_from=net: has no scale, which is 1 here{ALLOWED}"


@pytest.mark.parametrize("make", [Plain, for_numpy])
def test_networks_that_run_eagerly_get_their_parameters_back(tmp_path, make):
    files = saved(of_user(make, 10, seed=1)[1], tmp_path)
    network, net = of_user(make, 10, seed=2)
    before = bits(net)
    assert begin(net, network, GREY, 10, Start("net.params", files)) == ""
    assert bits(net) == bits(of_user(make, 10, seed=1)[1]) != before
    network, net = of_user(make, FIVE, seed=2)
    note = begin(net, network, GREY, FIVE, Start("net.params", files))
    assert "new, as the seed draws them, are 1.weight (10×4 there, 5×4 here)" in note


def test_a_network_that_runs_eagerly_has_no_graph_to_compare_with(tmp_path):
    module(tmp_path)
    files = {
        PARAMETERS: (tmp_path / "tutorial-0010.params").read_bytes(),
        GRAPH: (tmp_path / "tutorial-symbol.json").read_bytes(),
    }
    network, net = of_user(Plain, 10, seed=2)
    with pytest.raises(UserError) as found:
        begin(net, network, GREY, 10, Start("both", files))
    assert str(found.value) == (
        "init_from=both: the network runs eagerly and has no graph to compare with; allowed are "
        "files that Gluon's save_parameters has written"
    )


def test_a_network_for_so_many_classes_alone_has_no_layer_that_may_differ(tmp_path):
    files = saved(of_user(Plain, FIVE, seed=1)[1], tmp_path)
    network, net = of_user(for_ten, 10, seed=2)
    with pytest.raises(UserError) as found:
        begin(net, network, GREY, 10, Start("net.params", files))
    assert str(found.value) == (
        f"init_from=net.params: does not fit in 1.weight (5×4 there, 10×4 here){ALLOWED}"
    )


# --- another number of classes ---


@pytest.mark.parametrize(
    ("name", "anew"),
    [
        ("mlp", ["1.weight (10×6 there, 5×6 here)", "1.bias (10 there, 5 here)"]),
        ("lenet", ["7.weight (10×4 there, 5×4 here)", "7.bias (10 there, 5 here)"]),
    ],
)
def test_with_another_number_of_classes_the_last_layer_is_new(tmp_path, name, anew):
    net = source(name).net
    found, note = begun(saved(net, tmp_path), *SMALL[name], classes=FIVE)
    assert note == (
        f"init_from=net.params: new, as the seed draws them, are {', '.join(anew)}: their shapes "
        "follow from the number of classes"
    )
    fresh = build_network(loaded(*SMALL[name]).model, GREY, FIVE, seed=7, context=mx.cpu())
    new = {each.partition(" ")[0] for each in anew}
    assert bits(found) == {
        key: each if key in new else bits(net)[key] for key, each in bits(fresh).items()
    }


def test_what_follows_from_the_classes_may_be_several_layers(tmp_path):
    small = ("model=nin", "model.channels=[2,3]", "model.kernels=[5,3]", "model.batch_norm=true")
    net = build_network(loaded(*small).model, GREY, 10, seed=1, context=mx.cpu())
    found, note = begun(saved(net, tmp_path), *small, classes=FIVE)
    kept = [key for key, each in bits(found).items() if each == bits(net)[key]]
    sizes = {each.shape[0] for key, each in parameters(found).items() if key not in kept}
    assert sizes == {FIVE}
    assert len(kept) + note.count(" there, ") == len(parameters(net))


def test_where_all_follows_from_the_classes_nothing_is_left(tmp_path):
    net = build_network(loaded("model=linear").model, GREY, 10, seed=1, context=mx.cpu())
    files = saved(net, tmp_path)
    assert bits(begun(files, "model=linear")[0]) == bits(net)
    assert refusal(files, "model=linear", classes=FIVE) == (
        "init_from=net.params: none of its parameters fits: 0.weight (10×784 there, 5×784 here), "
        "0.bias (10 there, 5 here); allowed are parameters of a network with the same number of "
        "outputs"
    )


# --- what does not fit ---


def test_another_shape_is_named_with_both(tmp_path):
    files = saved(source("lenet").net, tmp_path)
    wider = ("model=lenet", "model.channels=[2,4]", "model.hidden=[4]")
    assert refusal(files, *wider) == (
        f"init_from=net.params: does not fit in 3.weight (3×2×5×5 there, 4×2×5×5 here){ALLOWED}"
    )
    longer = ("model=lenet", "model.channels=[2,3]", "model.hidden=[5]")
    assert refusal(files, *longer, classes=FIVE) == (
        f"init_from=net.params: does not fit in 6.weight (4×48 there, 5×48 here){ALLOWED}"
    )


def test_other_sides_of_the_last_layer_are_no_matter_of_the_classes(tmp_path):
    model = loaded("model=linear").model
    net = build_network(model, (1, 14, 14), 10, seed=1, context=mx.cpu())
    assert refusal(saved(net, tmp_path), "model=linear") == (
        f"init_from=net.params: does not fit in 0.weight (10×196 there, 10×784 here){ALLOWED}"
    )


def test_what_is_missing_or_too_much_is_named(tmp_path):
    files = saved(source("mlp").net, tmp_path)
    deeper = ("model.hidden=[6,6]",)
    assert refusal(files, *deeper) == (
        f"init_from=net.params: has no 2.weight, which is 10×6 here{ALLOWED}"
    )
    net = build_network(loaded(*deeper).model, GREY, 10, seed=1, context=mx.cpu())
    assert refusal(saved(net, tmp_path), *SMALL["mlp"]) == (
        f"init_from=net.params: has 2.weight, 10×6, which the network has not{ALLOWED}"
    )


def test_another_type_is_named(tmp_path):
    net = build_network(loaded(*SMALL["mlp"]).model, GREY, 10, seed=1, context=mx.cpu())
    net.cast("float64")
    assert refusal(saved(net, tmp_path), *SMALL["mlp"]) == (
        "init_from=net.params: 0.weight is float64 there and float32 here; allowed is the same type"
    )


def test_a_parameter_that_is_in_two_places_starts_from_one():
    net = gluon.nn.HybridSequential()
    first = gluon.nn.Dense(3, in_units=3)
    net.add(first, gluon.nn.Dense(3, in_units=3, params=first.params))
    ours, array = net._collect_params_with_prefix(), np.ones((3, 3))
    assert [*ours] == ["0.weight", "0.bias", "1.weight", "1.bias"]
    for there in ("0.weight", "1.weight"):
        found = matching._with_shared({there: array}, ours)
        assert found.keys() == {"0.weight", "1.weight"}
        assert found["0.weight"] is found["1.weight"] is array
