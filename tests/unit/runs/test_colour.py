"""Runs on real colour images: augmented, interrupted, kept as a model, asked, reproduced."""

import json
from dataclasses import replace
from functools import partial

import mlflow
import numpy as np
import pytest
from executions import Place, epochs_of
from outcomes import outcome
from photographs import NAMES, Photographs, of_photographs, patches
from PIL import Image
from sklearn.datasets import load_sample_image

from sweep.carried import serving
from sweep.commands.cli import run
from sweep.commands.predict import predict as command
from sweep.config.choices import DATASETS
from sweep.config.recorded import from_yaml
from sweep.data.photographs.judgement import Judgement
from sweep.runs import prepare
from sweep.runs.events import Ended
from sweep.runs.reproduce import compare, train_again
from sweep.tracking import FINGERPRINT, fetch_model, read_record

LENET = ("model=lenet", "model.channels=[4,6]", "model.hidden=[8]", "optim.momentum=0.9")
LENET += ("optim.lr=0.02", "epochs=3")
AUGMENTED = (*LENET, "augment.crop=4", "augment.flip=true", "augment.rotate=10")
AUGMENTED += ("augment.brightness=0.2", "augment.cutout=6", "augment.shift=1")
TEST = patches().images[400:]
FIGURES = {"confusion.csv", "confusion.png", "curves.png", "curves.svg", "layers.txt"}
FIGURES |= {"mistakes.png"}


class ColourPlace(Place):
    """A record of runs on photographs."""

    fields = {"normalize": "standard"}

    def config(self, experiment, *overrides):
        config = of_photographs(super().config(experiment, *overrides), **self.fields)
        return replace(config, figures=experiment == "whole")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return ColourPlace(tmp_path_factory.mktemp("colour"))


@pytest.fixture(scope="module")
def whole(place):
    """Train an augmented run; return its score, and all that is recorded of it."""
    score, _ = place.execute("whole", *AUGMENTED)
    return score, outcome(place.client, place.run("whole"))


@pytest.fixture(scope="module")
def model(place, whole, tmp_path_factory):
    """Return the run's model, loaded in this process."""
    run_id = place.run("whole").info.run_id
    folder = tmp_path_factory.mktemp("model")
    return fetch_model(place.uri, run_id, {serving.LOADER: serving.load}, folder)


@pytest.mark.parametrize("stop", [1, 2])
def test_an_augmented_run_goes_on_with_the_same_bits(place, whole, stop):
    _, before = place.execute(f"stopped {stop}", *AUGMENTED, stop=stop)
    assert before[-1] == Ended("KILLED")
    np.random.seed(stop)
    score, events = place.execute(f"stopped {stop}", *AUGMENTED)
    assert epochs_of(events) == [*range(stop + 1, 4)]
    assert (score, outcome(place.client, place.run(f"stopped {stop}"))) == whole


def test_augmentation_trains_another_run(place, whole):
    place.execute("plain", *LENET)
    plain, augmented = (place.run(name).data for name in ("plain", "whole"))
    assert plain.metrics["train/loss"] != augmented.metrics["train/loss"]
    assert plain.tags[FINGERPRINT] != augmented.tags[FINGERPRINT]
    assert augmented.params["augment.crop"] == "4"
    assert augmented.params["dataset.normalize"] == "standard"


def test_it_learns(place, whole):
    metrics = place.run("whole").data.metrics
    assert metrics["test/accuracy"] > 0.7
    assert metrics["val_at_best/accuracy"] > 0.7


def test_the_model_answers_as_was_measured(place, whole, model):
    interface = model.interface
    assert (interface.shape, interface.class_names) == ((3, 32, 32), NAMES)
    answers = model.predict(TEST)
    right = (answers["class"] == patches().labels[400:]).mean()
    assert right == place.run("whole").data.metrics["test/accuracy"]
    assert set(answers["name"]) == set(NAMES)
    assert answers.equals(model.predict(TEST / np.float32(255)))


def test_mlflow_loads_the_model_and_its_example(place, whole, model):
    mlflow.set_tracking_uri(place.uri)
    loaded = mlflow.pyfunc.load_model(f"runs:/{place.run('whole').info.run_id}/model")
    np.testing.assert_array_equal(loaded.input_example, TEST[:3])
    answers = loaded.predict(loaded.input_example)
    assert answers.equals(model.predict(TEST[:3]))
    assert loaded.metadata.metadata["images"] == "N×3×32×32 or N×3072"
    signature = loaded.metadata.signature
    assert signature.outputs.input_names() == ["class", "name", "probability_0", "probability_1"]


def test_figures_and_layers(place, whole, tmp_path):
    run_id = place.run("whole").info.run_id
    folder = place.client.download_artifacts(run_id, "figures", str(tmp_path))
    found = {each.name for each in (tmp_path / "figures").iterdir()}
    assert found - {"network.svg"} == FIGURES, folder
    layers = (tmp_path / "figures" / "layers.txt").read_text()
    assert "4×28×28         304" in layers  # 4 · (3·5·5 + 1)
    with Image.open(tmp_path / "figures" / "mistakes.png") as picture:
        pixels = np.asarray(picture)
    assert np.ptp(pixels[36:164].astype(int), axis=2).max() > 60  # it is in colour


def test_it_is_reproduced(place, whole, monkeypatch):
    monkeypatch.setattr(DATASETS, "_choices", {**DATASETS._choices, "photographs": Photographs})
    recorded = read_record(place.uri, place.run("whole").info.run_id)
    config = from_yaml(recorded.config)
    assert config.augment.crop == 4
    again = train_again(recorded, config, lambda event: None)
    assert {each.first for each in compare(recorded.curves, again.curves)} == {None}
    assert again.parameters == recorded.parameters


# --- sweep predict ---


@pytest.fixture
def predict(place, whole, capsys):
    """Run the command on files; return the table's rows as text."""

    def ask(*files, experiment="whole"):
        run_id = place.run(experiment).info.run_id
        code = partial(run, command)([run_id, *files, "--tracking-uri", place.uri])
        shown = capsys.readouterr()
        return code, shown.out.splitlines()[3:-1], shown.err

    return ask


def save(name, pixels, **options):
    Image.fromarray(pixels).save(name, **options)
    return name


def shown(model, images):
    """Return the names that are answered, and their probabilities as they are calibrated."""
    table, judgement = model.predict(images), Judgement.of_plain(model.interface.judgement)
    calibrated = judgement.calibrated(table.filter(like="probability_").to_numpy()).max(axis=1)
    return zip(table["name"], calibrated, strict=True)


def test_pictures_are_answered_as_the_images_are(predict, model):
    files = [save(f"{n}.png", TEST[n].transpose(1, 2, 0)) for n in range(8)]
    code, rows, errors = predict(*files)
    assert (code, errors) == (0, "")
    for row, (name, probability) in zip(rows, shown(model, TEST[:8]), strict=True):
        for words in (name, f"{probability:.4f}", "taken as it is"):
            assert words in row


def test_a_photograph_of_any_kind_is_made_as_the_images_are(predict, model):
    photograph = load_sample_image("china.jpg")  # 640×427
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = Image.fromarray(photograph).transpose(Image.Transpose.ROTATE_90)
    turned.save("turned.png", exif=exif)
    clear = np.dstack([photograph, np.full((427, 640), 255, np.uint8)])
    clear[:100, :, 3] = 0
    grey = np.asarray(Image.fromarray(photograph).convert("L"))
    files = [
        save("whole.png", photograph),
        "turned.png",
        save("clear.png", clear),
        save("grey.png", grey),
    ]
    code, rows, errors = predict(*files)
    assert (code, errors) == (0, "")
    scaled = "640×427 scaled to 32×32"
    steps = [scaled, scaled, f"put on white, {scaled}", f"grey in three channels, {scaled}"]
    white = photograph.copy()
    white[:100] = 255
    given = [photograph, photograph, white, np.dstack([grey] * 3)]
    small = [Image.fromarray(each).resize((32, 32), Image.Resampling.BILINEAR) for each in given]
    expected = shown(model, np.stack([np.asarray(each).transpose(2, 0, 1) for each in small]))
    for row, step, (_, probability) in zip(rows, steps, expected, strict=True):
        assert row.rstrip().endswith(step)
        assert f" {probability:.4f} " in row


def test_pictures_are_resized_as_the_dataset_was(predict, place, monkeypatch):
    original = prepare.load_dataset
    monkeypatch.setattr(
        prepare, "load_dataset", lambda config: replace(original(config), resize="crop")
    )
    place.execute("cropped", "model=mlp", "model.hidden=[4]", "epochs=1")
    code, (row,), _ = predict(save("a.png", load_sample_image("china.jpg")), experiment="cropped")
    assert code == 0
    assert row.rstrip().endswith("the middle of 640×427 scaled to 32×32")


def test_a_model_of_numbers_takes_no_pictures(predict, place, monkeypatch):
    original = prepare.load_dataset

    def numbers(config):
        dataset = original(config)
        rows = {}
        for name in ("train", "val", "test"):
            split = getattr(dataset, name)
            rows[name] = replace(split, images=split.images[:, :1, :1, :7].astype(np.float32))
        return replace(dataset, **rows)

    monkeypatch.setattr(prepare, "load_dataset", numbers)
    place.execute("numbers", "model=mlp", "model.hidden=[4]", "epochs=1")
    monkeypatch.undo()
    code, _, errors = predict(save("a.png", TEST[0].transpose(1, 2, 0)), experiment="numbers")
    assert (code, errors) == (
        2,
        "the model takes numbers, N×1×7, N×1×1×7 or N×7, and no images; allowed are models of "
        "images\n",
    )
    found = place.client.search_logged_models([place.run("numbers").info.experiment_id])
    assert found[0].status == "READY"


def test_the_example_of_large_images_is_short(place, monkeypatch, tmp_path):
    monkeypatch.setattr("sweep.runs.models.EXAMPLE_VALUES", 4_000)
    place.execute("short", "model=mlp", "model.hidden=[4]", "epochs=1")
    (output,) = place.run("short").outputs.model_outputs
    mlflow.set_tracking_uri(place.uri)
    folder = mlflow.artifacts.download_artifacts(f"models:/{output.model_id}", dst_path=tmp_path)
    with open(f"{folder}/input_example.json") as file:
        assert np.array(json.load(file)).shape == (1, 3, 32, 32)
