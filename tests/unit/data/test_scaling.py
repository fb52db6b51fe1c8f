"""What the network is given of images: by value, and computed part by part."""

from dataclasses import replace

import numpy as np
import pytest
from photographs import photographs
from sklearn.preprocessing import StandardScaler

from sweep.data import scaling as module
from sweep.data.scaling import as_bytes, holds_pixels, scaling, statistics
from sweep.data.splits import Split, load_dataset


@pytest.fixture(scope="module")
def train():
    return load_dataset(photographs()).train


def truth(split):
    pixels = split.images[split.index].astype(np.float64) / 255
    return pixels.mean(axis=(0, 2, 3)), pixels.std(axis=(0, 2, 3))


def test_units_are_left_as_they_are(train):
    assert scaling("unit", train) is None
    assert scaling("unit", replace(train, images=np.zeros((400, 1, 1, 7), np.float32))) is None


def test_nothing_is_done_to_bytes(train):
    found = scaling(None, train)
    np.testing.assert_array_equal(found.mean, np.zeros((1, 3, 1, 1), np.float32), strict=True)
    np.testing.assert_array_equal(found.factor, np.full((1, 3, 1, 1), 255, "f"), strict=True)
    every = np.arange(256, dtype=np.uint8)
    units = every / np.float32(255)
    assert ((units - found.mean[0, 0]) * found.factor[0, 0] == every).all()


def test_floats_from_0_to_1_are_the_same_pixels_as_bytes(train):
    floats = replace(train, images=train.images / np.float32(255))
    assert (scaling(None, floats).factor == 255).all()
    for found, expected in zip(truth(train), statistics(floats), strict=True):
        np.testing.assert_allclose(found, expected.ravel(), rtol=1e-6)


@pytest.mark.parametrize("chunk", [1, 10_000, 2**22])
def test_standard_is_of_the_training_images_alone(train, chunk, monkeypatch):
    monkeypatch.setattr(module, "CHUNK_VALUES", chunk)
    found, (mean, deviation) = scaling("standard", train), truth(train)
    assert (found.mean.dtype, found.mean.shape) == (np.float32, (1, 3, 1, 1))
    assert found.mean.ravel().tolist() == mean.astype(np.float32).tolist()
    np.testing.assert_allclose(found.factor.ravel(), 1 / deviation, rtol=1e-7)
    others = train.images.copy()
    others[np.setdiff1d(np.arange(len(others)), train.index)] = 0
    same = scaling("standard", replace(train, images=others))
    assert same.mean.tobytes() == found.mean.tobytes()
    assert same.factor.tobytes() == found.factor.tobytes()


def test_features_are_standardised_each_by_itself():
    random = np.random.RandomState(0)
    features = random.normal((0, 1e5, -3, 7), (1, 0.5, 9, 0), (60, 4)).astype(np.float32)
    split = Split(features[:, None, None], np.zeros(60), np.arange(50, dtype=np.int32))
    found = scaling("standard", split)
    assert found.mean.shape == found.factor.shape == (1, 1, 1, 4)
    expected = StandardScaler().fit(features[:50].astype(np.float64))
    np.testing.assert_allclose(found.mean.ravel(), expected.mean_, rtol=1e-6)
    np.testing.assert_allclose(1 / found.factor.ravel(), expected.scale_, rtol=1e-6)
    assert found.factor[0, 0, 0, 3] == 1  # the last is always 7, and becomes 0
    assert scaling(None, split) is None


def test_a_channel_of_one_value_becomes_0(train):
    images = train.images.copy()
    images[:, 1] = 51
    found = scaling("standard", replace(train, images=images))
    assert (found.mean[0, 1], found.factor[0, 1]) == (np.float32(0.2), 1)


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        (np.full((2, 3, 4, 4), 200, np.uint8), True),
        (np.full((2, 1, 4, 4), 1, np.float32), True),
        (np.full((2, 1, 4, 4), 1.01, np.float32), False),
        (np.full((2, 1, 4, 4), -0.01, np.float32), False),
        (np.full((2, 1, 4, 4), np.nan, np.float32), False),
        (np.full((2, 1, 1, 4), 0.5, np.float32), False),  # features
    ],
)
def test_what_holds_pixels(images, expected):
    assert holds_pixels(images) is expected


def test_floats_as_bytes():
    every = np.arange(256, dtype=np.uint8)
    assert as_bytes(every) is every
    np.testing.assert_array_equal(as_bytes(every / np.float32(255)), every, strict=True)
    assert as_bytes(np.array([-1, 0.5, 7], np.float32)).tolist() == [0, 128, 255]
