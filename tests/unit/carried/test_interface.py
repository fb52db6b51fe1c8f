"""A classifier of colour images: exported, loaded, asked."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from epochwise import Training, synthetic

from sweep.backend.mxnet import nd
from sweep.carried.serving import Interface, load, save

SHAPE = (3, 20, 24)
INTERFACE = Interface("synthetic", SHAPE, ("red", "green", "blue", "none"))
NETWORKS = {
    "mlp": ("model.hidden=[6]",),
    "lenet": ("model=lenet", "model.channels=[3,5]", "model.kernels=[5,3]", "model.hidden=[7]"),
}


@pytest.mark.parametrize("network", NETWORKS)
def test_a_trained_network_for_colour_images_answers_the_same_when_it_is_loaded(network, tmp_path):
    training = Training(synthetic(shape=SHAPE, classes=4), *NETWORKS[network], "batch_size=16")
    training.epochs(1, 1)
    images = training.dataset.test.images
    scores = training.net(nd.array(images))
    save(training.net, INTERFACE, tmp_path)
    classifier = load(tmp_path / "data")
    assert classifier.interface == INTERFACE
    for form in (images, np.rint(images * 255).astype(np.uint8), images.reshape(30, -1)):
        table = classifier.predict(form)
        assert list(table.columns) == list(INTERFACE.columns())
        assert table["class"].tolist() == scores.asnumpy().argmax(axis=1).tolist()
        found = table[[f"probability_{each}" for each in range(4)]].to_numpy()
        assert found.tobytes() == nd.softmax(scores).asnumpy().tobytes()
    assert table["name"].tolist() == [INTERFACE.class_names[each] for each in table["class"]]


def test_what_it_takes_and_answers():
    assert INTERFACE.shapes() == "N×3×20×24 or N×1440"
    assert list(INTERFACE.columns()) == ["class", "name", *(f"probability_{n}" for n in range(4))]
    grey = Interface("digits", (1, 8, 9), ("0", "1"))
    assert grey.shapes() == "N×8×9, N×1×8×9 or N×72"
    assert (grey.names, list(grey.columns())) == (None, ["class", "probability_0", "probability_1"])


@pytest.mark.parametrize("shape", [(2, 20, 24), (2, 1, 20, 24), (2, 24, 20, 3), (2, 1439)])
def test_images_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError) as raised:
        INTERFACE.pixels(np.zeros(shape))
    assert str(raised.value) == (
        f"images of shape {shape}: allowed is N×3×20×24 or N×1440, N from 1"
    )


def test_a_single_image_is_told_how_to_be_given():
    with pytest.raises(ValueError, match=r"; a single image is images\[None\]$"):
        INTERFACE.pixels(np.zeros(SHAPE))


@pytest.mark.parametrize(("classes", "names"), [(None, None), (["a"] * 10, ("a",) * 10)])
def test_a_model_of_version_0_1_takes_grey_images_of_28_pixels(classes, names, tmp_path):
    training = Training(synthetic(), "model.hidden=[6]")
    save(training.net, Interface("mnist", (1, 28, 28), tuple(map(str, range(10)))), tmp_path)
    (tmp_path / "data" / "dataset.json").write_text(json.dumps({"name": "m", "classes": classes}))
    interface = load(tmp_path / "data").interface
    assert (interface.shape, interface.names) == ((1, 28, 28), names)
    assert len(interface.class_names) == 10


def test_columns_are_known_by_their_names_where_both_have_some():
    unnamed = Interface("features", (1, 1, 3), ("0", "1"), values="numbers")
    features = replace(unnamed, features=("a", "b", "c"))
    table = pd.DataFrame({"c": [3, 6], "a": [1, 4], "b": [2, 5]})
    in_order, as_given = [[1, 2, 3], [4, 5, 6]], [[3, 1, 2], [6, 4, 5]]
    assert features.pixels(table).reshape(2, 3).tolist() == in_order
    assert unnamed.pixels(table).reshape(2, 3).tolist() == as_given
    assert features.pixels(table.to_numpy()).reshape(2, 3).tolist() == as_given
    assert features.pixels(table.set_axis(range(3), axis=1)).reshape(2, 3).tolist() == as_given
    for other in (
        table.drop(columns="b"),
        table.rename(columns={"b": "B"}),
        table[["a", "a", "b"]],
    ):
        with pytest.raises(ValueError, match=r"^columns .*: allowed are a, b, c, in any order$"):
            features.pixels(other)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e39, -1e39])
def test_numbers_that_no_float32_is_are_refused(value):
    features = Interface("features", (1, 1, 3), ("0", "1"), values="numbers")
    assert features.pixels([[0, 1, 1e38]]).dtype == np.float32
    with pytest.raises(ValueError, match="allowed are finite numbers, as float32 has them$"):
        features.pixels([[0, 1, value]])
