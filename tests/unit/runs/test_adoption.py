"""Networks of the Module API taken over: the same answers to the bit, recorded once, trained on."""

import hashlib
import re
import shutil
from dataclasses import replace
from pathlib import Path

import mlflow
import numpy as np
import pytest
from executions import Place, few
from modules import images, train_and_save

from sweep.backend.mxnet import gluon, mx, nd
from sweep.commands.adopt import adopt
from sweep.commands.cli import run
from sweep.config.compose import load
from sweep.errors import UserError
from sweep.networks.params_file import read_params
from sweep.runs import prepare as running
from sweep.tracking import fetch_parameters, read_record

NETWORKS = ("two_layers", "convolutional", "group")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return Place(tmp_path_factory.mktemp("adoption"))


@pytest.fixture(autouse=True)
def _there(place, monkeypatch):
    monkeypatch.chdir(place.folder)


@pytest.fixture(scope="module")
def truths(place):
    """What Modules predict, whose files lie in the folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place.folder)
        return {name: train_and_save(name, name) for name in NETWORKS}


@pytest.fixture
def adopted(place, truths, capfd):
    """Adopt files; return the exit code, what is printed and the error."""

    def command(*words, experiment="sweep"):
        uri = ["--tracking-uri", place.uri]
        code = run(adopt, [*words, *uri, f"tracking.experiment={experiment}"])
        out = capfd.readouterr()
        return code, out.out, out.err

    return command


def run_id(printed):
    (line,) = [each for each in printed.splitlines() if " run " in each and "Re" in each]
    return line.split()[-1]


def loaded(place, found):
    mlflow.set_tracking_uri(place.uri)
    return mlflow.pyfunc.load_model(f"runs:/{found}/model")


@pytest.mark.parametrize(
    ("name", "number", "output"),
    [
        ("two_layers", 0, None),
        ("convolutional", 0, None),
        ("group", 0, "softmax"),
        ("group", 1, "lin"),
    ],
)
def test_the_answers_are_those_of_the_module_to_the_bit(
    place, adopted, truths, name, number, output
):
    words = [f"{name}-symbol.json", f"{name}-0002.params", "--size", "12,12"]
    code, printed, error = adopted(*words, *(["--output", output] if output else []))
    assert (code, error) == (0, "")
    table = loaded(place, run_id(printed)).predict(images())
    found = table[[each for each in table if each not in ("class", "name")]].to_numpy()
    expected = truths[name][number]
    assert found.dtype == np.float32 and (found == expected).all()
    if output != "lin":
        assert (table["class"] == expected.argmax(axis=1)).all()


def test_a_network_is_recorded_once_with_what_its_files_are(place, adopted, truths):
    files = ("convolutional-symbol.json", "convolutional-0002.params")
    Path("names.txt").write_text("ant\nbee\ncat\ndog\nelk\n")
    words = (
        *files,
        "--size",
        "12",
        "--classes",
        "names.txt",
        "--name",
        "old" * 100,
        "--register",
        "animals",
    )
    _, printed, _ = adopted(*words, experiment="once")
    found = place.run("once")
    old = f"{'old' * 83}…"  # 250 letters
    assert (found.info.status, found.info.run_name) == ("FINISHED", old)
    assert "It keeps the name" not in printed
    digests = [hashlib.sha256(Path(each).read_bytes()).hexdigest() for each in files]
    params = found.data.params
    assert [params[f"adopted.{each}.sha256"] for each in ("json", "params")] == digests
    assert (params["adopted.images"], params["model.name"]) == ("3×12×12", "symbol")
    assert re.search("bn1 +BatchNorm", printed)
    for line in ("Convolution 3×3", "ant, bee, cat, dog, elk", *digests):
        assert line in printed
    layers = Path(found.info.artifact_uri.removeprefix("file://"), "figures", "layers.txt")
    assert re.search("fc1 +FullyConnected", layers.read_text())
    assert (
        loaded(place, found.info.run_id)
        .predict(images())["name"]
        .isin(["ant", "bee", "cat", "dog", "elk"])
    ).all()
    mlflow.set_registry_uri(place.uri)
    assert mlflow.pyfunc.load_model("models:/animals@champion")
    Path("lr=0.1").mkdir()
    moved = [shutil.copy(each, f"lr=0.1/{at}{each}") for at, each in enumerate(files)]
    _, again, _ = adopted(*moved, *words[2:], "--name", "new", experiment="once")
    assert f"Was adopted before, as run {found.info.run_id}" not in printed
    assert (
        f"Was adopted before, as run {found.info.run_id}\nIt keeps the name that it has, {old}\n"
        in (again)
    )
    assert "'model.file='\"'\"'lr=0.1/0convolutional-symbol.json'\"'\"''" in again
    assert place.run("once").info.run_id == found.info.run_id
    mlflow.MlflowClient(place.uri).update_run(found.info.run_id, "RUNNING")  # as a kill leaves it
    assert f"Recorded as run {found.info.run_id}" in adopted(*words, experiment="once")[1]
    run = place.run("once").info
    assert (run.run_id, run.status) == (found.info.run_id, "FINISHED")
    with pytest.raises(UserError) as refused:
        read_record(place.uri, run.run_id)
    assert str(refused.value) == (
        f"run {run.run_id} was adopted: it was not trained here, and cannot be again"
    )


@pytest.fixture(scope="module")
def tuned(place, truths):
    """Files of a network for 28×28, and what a run is given that goes on from them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place.folder)
        net = gluon.nn.HybridSequential()
        net.add(gluon.nn.Conv2D(3, 5), gluon.nn.BatchNorm(), gluon.nn.Activation("relu"))
        net.add(gluon.nn.MaxPool2D(4), gluon.nn.Dropout(0.1), gluon.nn.Dense(10))
        mx.random.seed(1)
        net.initialize(mx.init.Xavier())
        net.hybridize()
        net(mx.nd.zeros((1, 1, 28, 28)))
        net.export("small")
    return ("model=symbol", "model.file=small-symbol.json", "epochs=3", "optim.lr=0.1")


def test_an_exported_network_is_measured_on_the_test_images(place, adopted, tuned, monkeypatch):
    monkeypatch.setattr("sweep.data.splits.load_dataset", few)
    words = ("small-symbol.json", "small-0000.params", "dataset=mnist_5k")
    _, printed, _ = adopted(*words, experiment="measured")
    found = place.run("measured")
    test = few(load().dataset).test
    answers = loaded(place, found.info.run_id).predict(test.images[test.index])
    share = (answers["class"] == test.labels[test.index]).mean()
    assert found.data.metrics["test/accuracy"] == pytest.approx(share, abs=1e-9)
    assert f"test/accuracy {share:.4f}" in printed
    assert found.data.params["dataset.name"] == "mnist_5k"


def test_it_trains_further_and_an_interrupted_run_has_the_same_bits(
    place, adopted, tuned, monkeypatch
):
    monkeypatch.setattr(running, "load_dataset", few)
    monkeypatch.setattr("sweep.data.splits.load_dataset", few)
    _, printed, _ = adopted("small-symbol.json", "small-0000.params", experiment="start")
    given = (*tuned, f"init_from={run_id(printed)}", "freeze=['*running*','*gamma']")
    score, _ = place.execute("whole", *given)
    place.execute("parts", *given, stop=1)
    again, _ = place.execute("parts", *given)
    assert score == again > 0.2
    whole, parts, start = (
        fetch_parameters(place.uri, place.run(each).info.run_id)
        for each in ("whole", "parts", "start")
    )
    assert whole == parts != start
    before, after = read_params(start), read_params(whole)
    same = {name for name in before if (before[name] == after[name]).all()}
    assert {each.partition("_")[2] for each in same} == {"gamma", "running_mean", "running_var"}
    for other in ("optim.lr=0.1", "seed=1"):
        Path("moved.json").write_bytes(Path("small-symbol.json").read_bytes())
        config = place.config("whole", *given, other)
        config = replace(config, model=replace(config.model, file="moved.json"))
        prepared = running.prepare_run(config, (), None)
        is_same = prepared.fingerprint == place.run("whole").data.tags["fingerprint"]
        assert is_same == (other == "optim.lr=0.1")


def test_a_slope_for_all_channels_is_adopted_and_trained_further(place, adopted, monkeypatch):
    monkeypatch.setattr(running, "load_dataset", few)
    net = gluon.nn.HybridSequential()
    net.add(gluon.nn.Conv2D(4, 5), gluon.nn.PReLU(), gluon.nn.MaxPool2D(4), gluon.nn.Dense(10))
    net.initialize(mx.init.Xavier())
    net.hybridize()
    given = np.random.RandomState(0).randint(256, size=(4, 28, 28)).astype(np.uint8)
    wanted = nd.softmax(net(nd.array(given[:, None]) / 255)).asnumpy()
    net.export("slope")
    words = ("slope-symbol.json", "slope-0000.params", "--size", "28")
    code, printed, error = adopted(*words, experiment="slope")
    assert (code, error) == (0, "")
    answered = loaded(place, run_id(printed)).predict(given).filter(like="prob").to_numpy()
    assert answered.tobytes() == wanted.tobytes()
    file = "model.file=slope-symbol.json"  # which has all shapes
    assert f"sweep model=symbol {file} init_from={run_id(printed)}" in printed
    further = ("model=symbol", file, f"init_from={run_id(printed)}", "epochs=1")
    place.execute("further", *further, "freeze=['conv*', 'dense*']")
    trained = read_params(fetch_parameters(place.uri, place.run("further").info.run_id))
    begun = {key: each.data().asnumpy() for key, each in net.collect_params().items()}
    (changed,) = [key for key, each in begun.items() if trained[key].tobytes() != each.tobytes()]
    assert (changed, trained[changed].shape) == (f"{net[1].prefix}alpha", (1,))


def test_parameters_of_a_network_of_this_program(place, adopted, monkeypatch):
    monkeypatch.setattr(running, "load_dataset", few)
    place.execute("own", "model.hidden=[16]", "epochs=1")
    found = place.run("own").info.run_id
    Path("own.params").write_bytes(fetch_parameters(place.uri, found))
    words = ("own.params", "--model", "mlp", "model.hidden=[16]", "--size", "28,28")
    code, printed, error = adopted(*words, experiment="own adopted")
    assert (code, error) == (0, "")
    given = np.random.RandomState(0).randint(256, size=(4, 28, 28)).astype(np.uint8)
    ours, theirs = (loaded(place, each).predict(given) for each in (found, run_id(printed)))
    assert ours.equals(theirs)


OWN = """
from mxnet.gluon import nn


def net(classes):
    found = nn.HybridSequential()
    with found.name_scope():
        found.add(nn.Conv2D(4, 3, in_channels=3), nn.GlobalAvgPool2D())
        found.add(nn.Dense(classes, in_units=4))
    return found
"""


def save_params(net, file):
    """Do what Gluon's Block.save_params did in 2018."""
    net.collect_params().save(file, strip_prefix=net.prefix)


@pytest.mark.parametrize("save", [gluon.Block.save_parameters, save_params])
def test_a_users_network_for_colours_is_kept_with_its_module(place, adopted, save):
    Path("rescued_nets.py").write_text(OWN)
    net = gluon.nn.HybridSequential()
    with net.name_scope():
        net.add(gluon.nn.Conv2D(4, 3, in_channels=3), gluon.nn.GlobalAvgPool2D())
        net.add(gluon.nn.Dense(5, in_units=4))
    net.initialize()
    save(net, "rescued.params")
    own = ("model=custom", "model._target_=rescued_nets.net", "--size", "12")
    code, printed, error = adopted("rescued.params", *own, experiment=save.__name__)
    assert (code, error) == (0, "")
    given = np.random.RandomState(0).randint(256, size=(4, 3, 12, 12)).astype(np.uint8)
    answered = loaded(place, run_id(printed)).predict(given).filter(like="prob").to_numpy()
    wanted = nd.softmax(net(nd.array(given) / 255)).asnumpy()
    assert answered == pytest.approx(wanted, abs=1e-6)
    found = place.run(save.__name__)
    assert found.data.params["adopted.images"] == "3×12×12"
    folder = Path(found.info.artifact_uri.removeprefix("file://"))
    assert (folder / "source" / "rescued_nets.py").read_text() == OWN


def test_means_and_deviations_are_a_part_of_the_model(place, adopted, tuned):
    words = ("small-symbol.json", "small-0000.params")
    scaled = ("--mean", "33.3", "--std", "78.6", "--white", "255")
    _, printed, _ = adopted(*words, *scaled, experiment="scaled")
    assert "'model.mean=[33.3]' 'model.std=[78.6]' model.white=255.0" in printed
    given = np.random.RandomState(0).randint(256, size=(4, 28, 28)).astype(np.uint8)
    graph = mx.sym.load("small-symbol.json")
    net = gluon.SymbolBlock(graph, mx.sym.var("data", dtype="float32"))
    net.collect_params().load("small-0000.params")
    wanted = nd.softmax(net((nd.array(given[:, None]) - 33.3) / 78.6)).asnumpy()
    answered = loaded(place, run_id(printed)).predict(given)
    probabilities = answered[[each for each in answered if each.startswith("prob")]].to_numpy()
    assert probabilities == pytest.approx(wanted, abs=1e-5)


TWO = ("two_layers-symbol.json", "two_layers-0002.params")
WRONG = {
    (*TWO, "--white", "0"): "model.white=0.0: allowed is a finite number above 0",
    (*TWO, "--white", "nan"): "model.white=NaN: allowed is a finite number above 0",
    (*TWO, "--std", "1,0,1"): "model.std=[1.0, 0.0, 1.0]: allowed is a list of numbers "
    "above 0, one for each channel",
    (*TWO, "--mean", "1,nan,1"): "model.mean=[1.0, NaN, 1.0]: allowed is a list of finite "
    "numbers, one for each channel",
    (*TWO, "--output", ""): "model.output=: allowed is a text of one letter or more",
    (*TWO, "--size", "60000,60000"): "--size 60000,60000: allowed is a height and a width in "
    "pixels, as in 28,28, up to 4096",
    ("two_layers-0002.params", "--model", "mlp", "--size", "4096"): "two_layers-0002.params: has "
    "7,013 numbers, and the network 2,147,",
    (*TWO, "dataset.normalize=standard"): "dataset.normalize=standard: is for a dataset, and none "
    "is given; allowed is dataset=NAME with it",
    ("missing.json", "two_layers-0002.params"): "missing.json: No such file or directory; allowed "
    "is a file of MXNet's",
    ("names.json", "two_layers-0002.params"): "names.json: is no JSON",
    ("list.json", "two_layers-0002.params"): "list.json: is no network of MXNet's: it has no list "
    "of nodes",
    ("two_layers-symbol.json",): "two_layers-symbol.json: allowed is NET-symbol.json "
    "NET-0010.params, or NET.params",
    ("two_layers-symbol.json", "names.params"): "names.params: is no file of MXNet's parameters; "
    "allowed is a file of MXNet's",
    ("two_layers-symbol.json", "convolutional-0002.params"): "convolutional-0002.params: has the "
    "parameters of another network: it has no fc2_weight, fc2_bias; it has conv1_weight (6×3×3×3)"
    ", conv1_bias (6), bn1_gamma (6), bn1_beta (6), ",
    ("group-symbol.json", "group-0002.params"): "group-symbol.json: has 2 outputs, "
    "softmax_output, lin_output; one of them has to be chosen; allowed is --output NAME",
    ("group-symbol.json", "group-0002.params", "--output", "x"): "group-symbol.json: has no output "
    "x; there is softmax_output, lin_output",
    (
        "two_layers-symbol.json",
        "two_layers-0002.params",
        "--size",
        "9,9",
    ): "two_layers-0002.params: does not take images of 9×9 pixels: ",
    ("two_layers-symbol.json", "two_layers-0002.params", "--size", "big"): "--size big: allowed is "
    "a height and a width in pixels, as in 28,28",
    ("two_layers-symbol.json", "two_layers-0002.params", "--mean", "x"): "--mean x: allowed is a "
    "number for each channel, as in 0.49,0.48,0.45",
    (
        "two_layers-symbol.json",
        "two_layers-0002.params",
        "--size",
        "12",
        "--classes",
        "names.json",
    ): "--classes names.json: has 2 different names; the network has 5 outputs, and allowed is a "
    "line for each",
    ("two_layers-symbol.json", "two_layers-0002.params", "--model", "lenet"): "model=lenet: "
    "two_layers-symbol.json says what the network is; leave it out",
    ("two_layers-0002.params",): "two_layers-0002.params: has parameters, and no network; allowed "
    "is NET-symbol.json beside it, or --model",
    ("two_layers-0002.params", "--model", "mlp", "--mean", "1"): "--mean: is for networks in a "
    "symbol file, and two_layers-0002.params has none beside it; allowed is dataset=NAME with "
    "dataset.normalize, as the network was trained with",
    ("two_layers-0002.params", "--model", "mlp"): "two_layers-0002.params: does not tell the size "
    "of images; allowed is --size H,W, or a dataset",
    ("two_layers-0002.params", "--model", "mlp", "--size", "12"): "two_layers-0002.params: has no "
    "0.weight, which is 128×144 here; ",
}


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_a_mistake_gets_one_line(adopted, words):
    Path("names.json").write_text("one\ntwo\n")
    Path("names.params").write_text("one\ntwo\n")
    Path("list.json").write_text("[1]")
    code, printed, error = adopted(*words)
    assert (code, printed) == (2, "")
    assert error.startswith(WRONG[words]) and error.count("\n") == 1
