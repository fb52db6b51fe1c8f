import logging
import math
from pathlib import Path

import numpy as np
import pytest
from executions import few
from mlflow import MlflowClient
from PIL import Image
from record import new_record

from sweep.backend.mxnet import mx, nd
from sweep.config.compose import load
from sweep.config.params import params
from sweep.data.formats.mnist import FashionMnist
from sweep.errors import UserError
from sweep.networks.build import architecture, build_network, parameter_count
from sweep.networks.summary import Layer, drawing, layers, table
from sweep.results.confusion import read_confusions
from sweep.results.recall import recalls
from sweep.runs.confusion_drawing import draw_confusion
from sweep.runs.drawing import draw_curves, write
from sweep.runs.execute import execute
from sweep.runs.figures import Curve, Mistake, confusion, curves, most_confused, value_range, worst
from sweep.runs.mistakes_drawing import draw_mistakes, visible
from sweep.runs.paper import fitted, width_of
from sweep.training.selection import EpochRecord
from sweep.training.session import Training

GREY_28 = (1, 28, 28)
DIGITS = [str(each) for each in range(10)]
SMALL = ["model=lenet", "model.hidden=[16]", "dataset.val_size=100", "epochs=2", "context=cpu"]
FIGURES = {"confusion.csv", "confusion.png", "curves.png", "curves.svg", "layers.txt"}
FIGURES |= {"mistakes.png"}


def record(epoch, **metrics):
    return EpochRecord(epoch, {key.replace("_", "/"): value for key, value in metrics.items()})


# --- what to draw ---


def test_curves_of_each_part():
    records = [
        record(1, train_loss=2.0, val_loss=1.5, train_accuracy=0.5, val_accuracy=0.6),
        record(2, train_loss=1.0, val_loss=1.25, train_accuracy=0.7, val_accuracy=0.8),
    ]
    summary = {"test/loss": 1.375, "test/accuracy": 0.75, "val_at_best/loss": 1.5}
    assert curves("loss", records, summary, kept=1) == [
        Curve("train", {1: 2.0, 2: 1.0}),
        Curve("val", {1: 1.5, 2: 1.25}),
        Curve("test", {1: 1.375}),
    ]
    assert curves("accuracy", records, summary, kept=2)[2] == Curve("test", {2: 0.75})


def test_curves_measured_on_the_test_set_after_every_epoch():
    records = [record(1, train_loss=2.0, test_loss=1.5), record(2, train_loss=1.0, test_loss=1.25)]
    assert curves("loss", records, {}, kept=2) == [
        Curve("train", {1: 2.0, 2: 1.0}),
        Curve("test", {1: 1.5, 2: 1.25}),
    ]


def test_curves_have_no_points_where_a_metric_is_no_number():
    records = [EpochRecord(1, {"val/f2": math.nan}), EpochRecord(2, {"val/f2": 0.5})]
    (curve,) = curves("f2", records, {"test/f2": math.nan}, 2)
    assert (curve.part, curve.points) == ("val", {2: 0.5})


def test_the_first_tenth_of_the_epochs_does_not_decide_what_is_visible():
    far = {1: 90.0, 2: 80.0}
    assert value_range([Curve("train", {**far, **{n: float(n) for n in range(3, 21)}})]) == (3, 20)
    assert value_range([Curve("train", {1: 90.0, 2: 5.0, 3: 6.0})]) == (5, 90)
    both = [Curve("train", {1: 9.0, 10: 4.0}), Curve("test", {7: 1.0})]
    assert value_range(both) == (1, 4)


def test_confusion():
    probabilities = np.array([[0.7, 0.2, 0.1], [0.1, 0.5, 0.4], [0.2, 0.3, 0.5], [0.0, 0.9, 0.1]])
    counts = confusion(np.array([0, 2, 2, 2], np.uint8), probabilities)
    assert counts.tolist() == [[1, 0, 0], [0, 0, 0], [0, 2, 1]]


def test_the_most_frequent_mistakes():
    counts = np.array([[9, 0, 4], [2, 9, 0], [4, 1, 9]])
    assert most_confused(counts, at_most=3) == [(0, 2, 4), (2, 0, 4), (1, 0, 2)]
    assert most_confused(counts, at_most=9)[3:] == [(2, 1, 1)]
    assert most_confused(np.diag([3, 3]), at_most=9) == []


def test_the_worst_mistake_is_the_one_that_thought_the_truth_least_probable():
    probabilities = np.array(
        [
            [0.6, 0.3, 0.1],  # wrong: the truth has 0.3
            [0.1, 0.8, 0.1],  # right
            [0.05, 0.5, 0.45],  # wrong: 0.05
            [0.1, 0.45, 0.45],  # wrong: 0.1
            [0.9, 0.1, 0.0],  # wrong: 0.1, and later
        ]
    )
    labels = np.array([1, 1, 0, 0, 1], np.uint8)
    expected = [Mistake(2, 0, 1, 0.5), Mistake(3, 0, 1, 0.45), Mistake(4, 1, 0, 0.9)]
    assert worst(labels, probabilities, at_most=3) == expected
    assert len(worst(labels, probabilities, at_most=9)) == 4
    assert worst(labels[:2], np.eye(3)[[1, 1]], at_most=9) == []


def test_what_a_network_answers_to_the_test_set():
    config = load(*SMALL)
    dataset = few(config.dataset)
    training = Training(config, dataset, mx.cpu())
    for _ in training.epochs():
        pass
    summary, probabilities = training.conclude(), training.answer(dataset.test)
    assert probabilities.shape == (100, 10)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)
    images, labels = (
        each[dataset.test.index] for each in (dataset.test.images, dataset.test.labels)
    )
    scores = training.net(nd.array(images.reshape(-1, 1, 28, 28)))
    np.testing.assert_allclose(probabilities, nd.softmax(scores).asnumpy(), rtol=1e-4, atol=1e-6)
    counts = confusion(labels, probabilities)
    assert counts.sum() == 100
    assert counts.trace() / 100 == summary["test/accuracy"]


# --- layers ---


def test_layers_of_a_lenet(monkeypatch):
    monkeypatch.setattr(
        "sweep.networks.families.lenet.float_lanes", lambda: 16
    )  # which would pad 20 to 32
    assert layers(architecture(load("model=lenet").model, GREY_28, 10), GREY_28) == [
        Layer("lenet_conv0_convolution0", "Convolution 5×5", (20, 24, 24), 520),
        Layer("lenet_pool0_fwd", "Pooling max 2×2 step 2", (20, 12, 12), 0),
        Layer("lenet_tanh0_fwd", "Activation tanh", (20, 12, 12), 0),
        Layer("lenet_conv1_convolution0", "Convolution 5×5", (50, 8, 8), 25_050),
        Layer("lenet_pool1_fwd", "Pooling max 2×2 step 2", (50, 4, 4), 0),
        Layer("lenet_tanh1_fwd", "Activation tanh", (50, 4, 4), 0),
        Layer("lenet_dense0_fwd", "FullyConnected", (500,), 400_500),
        Layer("lenet_dense0_tanh_fwd", "Activation tanh", (500,), 0),
        Layer("lenet_dense1_fwd", "FullyConnected", (10,), 5_010),
    ]


def test_table_of_layers():
    found = layers(
        architecture(load("model=mlp", "model.hidden=[128]").model, GREY_28, 10), GREY_28
    )
    assert table(found) == (
        "layer                what             returns  parameters\n"
        "mlp_dense0_fwd       FullyConnected       128     100,480\n"
        "mlp_dense0_relu_fwd  Activation relu      128           0\n"
        "mlp_dense1_fwd       FullyConnected        10       1,290\n"
        "all                                               101,770\n"
    )


@pytest.mark.parametrize("override", ["model=mlp", "experiment=fashion_lenet", "model.hidden=[]"])
def test_layers_have_all_parameters(override):
    config = load(override).model
    total = sum(each.parameters for each in layers(architecture(config, GREY_28, 10), GREY_28))
    assert total == parameter_count(build_network(config, GREY_28, 10, seed=0, context=mx.cpu()))


def test_the_architecture_computes_what_is_trained(monkeypatch):
    monkeypatch.setattr("sweep.networks.families.lenet.float_lanes", lambda: 16)
    config = load("model=lenet", "model.activation=relu").model
    net, x = (
        build_network(config, GREY_28, 10, seed=3, context=mx.cpu()),
        nd.random.uniform(shape=(4, 1, 28, 28)),
    )
    plain = mx.gluon.SymbolBlock(
        architecture(config, GREY_28, 10), mx.sym.var("data", dtype="float32")
    )
    plain.initialize()
    for key, parameter in plain.collect_params().items():
        parameter.set_data(net.collect_params()[key].data())
    np.testing.assert_allclose(plain(x).asnumpy(), net(x).asnumpy(), rtol=1e-4, atol=1e-5)


def test_without_dot_there_is_no_drawing(monkeypatch, caplog):
    monkeypatch.setenv("PATH", "")
    with caplog.at_level(logging.INFO):
        assert drawing(architecture(load().model, GREY_28, 10), GREY_28) is None
    assert caplog.messages == ["the network is not drawn: graphviz's program dot is not installed"]


def test_dot_draws_the_network(tmp_path, monkeypatch):
    dot = tmp_path / "dot"
    dot.write_text('#!/bin/sh\necho "<svg>$*"\n/bin/cat\necho "</svg>"\n')
    dot.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    drawn = drawing(architecture(load("model=lenet").model, GREY_28, 10), GREY_28).decode()
    assert drawn.startswith("<svg>-Tsvg\n")
    assert 'label="Convolution\n5x5/1, 20"' in drawn
    assert 'lenet_pool0_fwd -> lenet_conv0_convolution0 [label="20x24x24"' in drawn
    assert "rankdir=BT" in drawn


# --- drawn ---


def learning_curves():
    loss = [Curve("train", {1: 2.0, 2: 1.0}), Curve("val", {1: 1.5, 2: 1.25})]
    accuracy = [Curve("train", {1: 0.5, 2: 0.75}), Curve("test", {2: 0.625})]
    return draw_curves({"loss": loss, "accuracy": accuracy}, kept=2, title="lenet $a_b$ [5,5]")


def test_curves_are_drawn_as_they_are():
    loss, accuracy = learning_curves().axes
    assert (loss.get_ylabel(), accuracy.get_ylabel()) == ("loss", "accuracy")
    kept, train, val = loss.get_lines()
    assert list(kept.get_xdata()) == [2, 2]
    assert (train.get_label(), list(train.get_xdata()), list(train.get_ydata())) == (
        "train",
        [1, 2],
        [2.0, 1.0],
    )
    assert (val.get_label(), list(val.get_ydata())) == ("val", [1.5, 1.25])
    assert list(accuracy.get_lines()[2].get_ydata()) == [0.625]
    low, high = loss.get_ylim()
    assert low < 1.0 and high > 2.0


def test_files_of_curves(tmp_path):
    for name in ("one.svg", "one.png"):
        write(learning_curves(), tmp_path / name)
    text = (tmp_path / "one.svg").read_text()
    for words in ("lenet $a_b$ [5,5]", "epoch 2, kept", "train", "val", "test", "accuracy"):
        assert f">{words}</text>" in text
    with Image.open(tmp_path / "one.png") as image:
        assert image.size == (900, 360)


def test_the_same_curves_make_the_same_file(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        for name in ("curves.svg", "curves.png"):
            write(learning_curves(), tmp_path / folder / name)
    for name in ("curves.svg", "curves.png"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_curve_of_one_epoch():
    figure = draw_curves({"loss": [Curve("train", {1: 2.0})]}, kept=1, title="x" * 999)
    (axes,) = figure.axes
    assert [tick for tick in axes.get_xticks() if 0.7 < tick < 1.3] == [1]
    assert figure.texts[0].get_text() == "x" * 114 + "…"


def test_colours_of_the_confusion_matrix():
    counts = np.diag([90] * 10)
    counts[3, 5], counts[4, 9] = 8, 4
    picture = draw_confusion(counts, DIGITS)
    width, height = picture.size

    def colour(row, column):  # of a cell's corner, counted from the lower right one
        return picture.getpixel((width - 16 - (10 - column) * 54 + 3, 86 + row * 54 + 3))

    assert colour(0, 0) == colour(9, 9) == (235, 235, 235)
    assert colour(3, 5) == (8, 48, 107)  # the most frequent mistake
    assert colour(4, 9) == (125, 148, 180)  # half as frequent
    assert colour(5, 3) == (242, 247, 252)  # never
    assert height == 86 + 10 * 54 + 16


def test_a_network_without_mistakes():
    picture = draw_confusion(np.diag([5, 6, 7]), ["a", "b", "c"])
    assert {colour for _, colour in picture.getcolors(99_999)} >= {(235, 235, 235)}
    assert (8, 48, 107) not in {colour for _, colour in picture.getcolors(99_999)}
    assert draw_mistakes([], np.zeros((0, 1, 28, 28), np.float32), DIGITS).height < 60


def test_mistakes_are_drawn_with_their_images():
    images = np.random.RandomState(1).randint(0, 256, (7, 1, 28, 28)).astype(np.float32) / 255
    mistakes = [Mistake(number, 1, 2, 0.5) for number in (4, 0, 8, 1, 2, 3, 7)]
    picture = np.asarray(draw_mistakes(mistakes, images, FashionMnist.class_names))
    for place, (left, top) in {0: (25, 36), 1: (171, 36), 6: (25, 202)}.items():
        shown = picture[top : top + 112 : 4, left : left + 112 : 4, 0]
        np.testing.assert_array_equal(shown, np.rint(images[place, 0] * 255))


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_mistakes_are_drawn_in_colour(kind):
    pixels = np.random.RandomState(1).randint(0, 256, (2, 3, 20, 24)).astype(np.uint8)
    images = pixels if kind is np.uint8 else pixels / np.float32(255)
    mistakes = [Mistake(number, 1, 2, 0.5) for number in (2, 0)]
    picture = np.asarray(draw_mistakes(mistakes, images, DIGITS))
    for place, left in enumerate((25, 25 + 24 * 5 + 34)):
        shown = picture[36 : 36 + 100 : 5, left : left + 120 : 5]
        np.testing.assert_array_equal(shown, pixels[place].transpose(1, 2, 0))


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((3, 8, 8), (128, 128)),
        ((1, 64, 100), (100, 64)),
        ((3, 192, 150), (150, 192)),
        ((3, 300, 600), (192, 96)),
        ((1, 1, 1000), (192, 1)),
    ],
)
def test_mistakes_of_any_size_are_shown_in_about_the_same(shape, size):
    images = np.zeros((1, *shape), np.uint8)
    picture = np.asarray(draw_mistakes([Mistake(0, 0, 1, 0.9)], images, ["a", "b"]))[36:]
    dark = (picture[: size[1]].max(axis=2) == 0).nonzero()
    assert np.ptp(dark[1]) + 1 == size[0]
    assert np.ptp(dark[0]) + 1 == size[1]
    assert picture.shape[0] == size[1] + 54 + 17


def test_numbers_are_shown_from_the_least_to_the_greatest():
    numbers = np.array([[-3, 0], [3, 1.5]], np.float32).reshape(2, 1, 1, 2)
    assert visible(numbers).ravel().tolist() == [0, 128, 255, 191]
    assert visible(np.full((1, 1, 1, 2), 7, np.float32)).ravel().tolist() == [0, 0]


LONG = "an Ankle boot\nwith a <very> long name, and 花 in it " * 9


@pytest.mark.parametrize("classes", [2, 10, 34, 100, 1000])
def test_a_confusion_matrix_of_many_classes_has_a_cell_for_each_pair(classes):
    counts = np.diag([90] * classes)
    counts[1, 0], counts[classes - 1, 0] = 12_345, 6_000
    picture = draw_confusion(counts, [f"{LONG} {each}" for each in range(classes)])
    cell = {2: 54, 10: 54, 34: 35, 100: 12, 1000: 3}[classes]
    width, height = picture.size
    left = width - 16 - classes * cell if classes > 2 else 40 + 240
    listed = 0 if classes < 40 else 19 * 3  # two mistakes, and room
    assert height == 86 + classes * cell + 16 + listed
    assert width < 4_000
    for row, column, colour in [
        (0, 0, (235, 235, 235)),
        (1, 0, (8, 48, 107)),
        (classes - 1, classes - 1, (235, 235, 235)),
    ]:
        x, y = left + column * cell, 86 + row * cell
        assert colour in {colour for _, colour in picture.crop((x, y, x + 3, y + 3)).getcolors()}


@pytest.mark.parametrize("width", [10, 50, 51, 200, 5_000, 50_000])
def test_words_of_any_length_fit(width):
    found = fitted(LONG, width)
    assert width_of(found) <= width or found == "…"
    assert "\n" not in found
    whole = " ".join(LONG.split())
    if found != whole:
        kept = found.removesuffix("…")
        assert whole.startswith(kept)
        longer = whole[: len(kept) + 2]
        assert width_of(f"{longer}…") > width or whole[len(kept)] == " "
    assert fitted("short", 999) == "short"


# --- of a run ---


@pytest.fixture(scope="module")
def record_of_all(tmp_path_factory):
    return new_record(tmp_path_factory.mktemp("figures"))


@pytest.fixture
def uri(record_of_all, monkeypatch):
    """The record, where runs train on few images."""
    monkeypatch.setattr("sweep.runs.prepare.load_dataset", few)
    return record_of_all


def artifacts(uri, experiment, *overrides):
    """Train a run, and return its record and its artifacts."""
    options = [*SMALL, f"tracking.uri={uri}", f"tracking.experiment={experiment}", *overrides]
    execute(load(*options), options, lambda event: None)
    client = MlflowClient(uri)
    number = client.get_experiment_by_name(experiment).experiment_id
    (run,) = client.search_runs([number])
    folder = Path.cwd() / "artifacts"
    folder.mkdir()
    return run, Path(client.download_artifacts(run.info.run_id, "", str(folder)))


def test_a_run_keeps_its_figures(uri):
    run, folder = artifacts(uri, "drawn")
    found = {each.name for each in (folder / "figures").iterdir()}
    assert found - {"network.svg"} == FIGURES  # which is there if dot is
    expected = table(layers(architecture(load(*SMALL).model, GREY_28, 10), GREY_28))
    assert (folder / "figures" / "layers.txt").read_text() == expected
    assert f">{run.info.run_name[:60]}" in (folder / "figures" / "curves.svg").read_text()
    assert "figures" not in run.data.params
    (answers,) = read_confusions(uri, [run.info.run_id])
    found = recalls(answers)
    assert sorted(each.name for each in found) == [*"0123456789"]
    assert sum(each.right for each in found) / 100 == run.data.metrics["test/accuracy"]


def test_confusions_of_very_many_classes_are_not_counted(uri, monkeypatch):
    monkeypatch.setattr("sweep.runs.figure_files.MOST_CLASSES", 9)
    _, folder = artifacts(uri, "many classes")
    found = {each.name for each in (folder / "figures").iterdir()}
    assert found - {"network.svg"} == FIGURES - {"confusion.csv", "confusion.png"}


def test_a_run_keeps_no_figures_if_told_so(uri):
    run, folder = artifacts(uri, "not drawn", "figures=false")
    assert run.info.status == "FINISHED"
    assert not (folder / "figures").exists()


def test_a_figure_that_cannot_be_drawn_does_not_fail_the_run(uri, monkeypatch):
    def fail(symbol, shape):
        raise ArithmeticError("no such layer")

    monkeypatch.setattr("sweep.runs.figure_files.layers", fail)
    run, folder = artifacts(uri, "failing")
    assert run.info.status == "FINISHED"
    left = FIGURES - {"layers.txt"} | {"failed.txt"}
    assert {each.name for each in (folder / "figures").iterdir()} == left  # dot was not reached
    assert (folder / "figures" / "failed.txt").read_text() == "ArithmeticError: no such layer"


def test_figures_are_no_part_of_what_a_run_is():
    assert "figures" not in params(load())
    with pytest.raises(UserError, match=r"^figures=2: allowed is true or false$"):
        load("figures=2")
