"""What is read of a recorded model, and the images that it is tried with."""

from contextlib import ExitStack

import numpy as np
import pytest

from sweep.carried import own_serving, serving
from sweep.errors import UserError
from sweep.exporting import recorded
from sweep.exporting.graph import Graph
from sweep.exporting.recorded import Images, Model, drawn_images, read_model

NUMBERS = Model(Graph((), {}, "data", "data", (1, 1, 4)), None, 0, holds_pixels=False)


def test_names_are_those_of_what_writes_models():
    assert (recorded.LOADER, recorded.LOADER_OF_EAGER) == (serving.LOADER, own_serving.LOADER)
    assert (recorded.SYMBOL, recorded.PARAMETERS) == (serving.SYMBOL, serving.PARAMETERS)
    assert recorded.ABOUT == serving.DATASET


def test_what_runs_eagerly_is_refused(monkeypatch, tmp_path):
    def fetched(uri, model, loaders, folder):
        return loaders[own_serving.LOADER](folder)

    monkeypatch.setattr(recorded, "fetch_model", fetched)
    with pytest.raises(UserError) as raised:
        read_model(None, "abc", tmp_path)
    assert str(raised.value) == (
        "abc: its network runs eagerly, so it has no graph to export; allowed are models of "
        "hybrid networks"
    )


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ((True, False), "--with-scaling: the model takes numbers, which are not scaled"),
        ((False, True), "--with-softmax: the model predicts numbers, which have no softmax"),
    ],
)
def test_what_a_model_of_numbers_has_not(asked, message):
    with pytest.raises(UserError) as raised:
        NUMBERS.wrapped(*asked)
    assert str(raised.value) == message


def test_images_that_are_not_there(monkeypatch):
    def missing(uri, run_id):
        raise UserError("no such images")

    monkeypatch.setattr(recorded, "read_record", missing)
    with ExitStack() as stack, pytest.raises(UserError) as raised:
        recorded.tested_images(None, "abc", None, stack)
    assert str(raised.value) == ("no such images; --random-images exports without the test images")


def test_drawn_images_are_the_same_each_time():
    one, other = drawn_images(NUMBERS), drawn_images(NUMBERS)
    assert (len(one), one.told) == (256, "256 images drawn at random")
    np.testing.assert_array_equal(one.stored, other.stored)
    assert one.stored.min() < 0


def test_units_and_bytes():
    stored = np.array([0, 51, 255], np.uint8).reshape(3, 1, 1, 1)
    images = Images(stored, np.array([2, 1]), "two")
    assert images.units(slice(None)).ravel().tolist() == [1, np.float32(0.2)]
    assert images.part(slice(1, 2)).units(slice(None)).ravel().tolist() == [np.float32(0.2)]
    floats = Images(images.units(slice(None)), np.arange(2), "two")
    assert floats.bytes().stored.ravel().tolist() == [255, 51]
    assert floats.at_most(2) is floats
