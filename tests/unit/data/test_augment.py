"""Augmentation against loops over one image at a time, and what it depends on."""

from dataclasses import replace

import numpy as np
import pytest
from photographs import patches
from PIL import Image, ImageEnhance, ImageOps
from scipy import ndimage

from sweep.config.compose import load
from sweep.config.fields import declared
from sweep.config.schema import Augment
from sweep.data import augment
from sweep.data.augment import seeded, transforms
from sweep.errors import UserError

COUNT = 40
BYTES = patches().images[:COUNT, :, :28, :].copy()  # (40, 3, 28, 32)
FLOATS = BYTES / np.float32(255)
KINDS = pytest.mark.parametrize("batch", [BYTES, FLOATS], ids=["bytes", "floats"])
ALL = {
    "flip": True,
    "crop": 4,
    "shift": 3,
    "rotate": 15.0,
    "cutout": 9,
    "brightness": 0.3,
    "contrast": 0.5,
}


class Drawn:
    """A generator that gives these numbers from 0 to 1, in order, and notes how many."""

    def __init__(self, *numbers):
        self._numbers, self.taken = list(numbers), 0

    def random_sample(self, shape):
        count = int(np.prod(shape))
        found = self._numbers[self.taken : self.taken + count]
        self.taken += count
        return np.array(found, float).reshape(shape)


def drawn(each=1, seed=1):
    """Return a generator for the batch, and what it gives to each of its images."""
    numbers = np.random.RandomState(seed).random_sample((COUNT, each))
    return Drawn(*numbers.ravel()), numbers


def same(found, expected, batch):
    assert (found.dtype, found.shape, found.flags.c_contiguous) == (batch.dtype, batch.shape, True)
    np.testing.assert_array_equal(found, np.stack(expected))


def moved(image, down, right):
    """Return an image in a larger black one, by so many pixels; what is outside is lost."""
    _, height, width = image.shape
    canvas = np.zeros((3, 3 * height, 3 * width), image.dtype)
    canvas[:, height + down : 2 * height + down, width + right : 2 * width + right] = image
    return canvas[:, height : 2 * height, width : 2 * width]


@KINDS
def test_flip(batch):
    rng, numbers = drawn()
    found = augment.flip(batch, rng)
    expected = [
        np.flip(image, axis=2) if number < 0.5 else image
        for image, (number,) in zip(batch, numbers, strict=True)
    ]
    same(np.ascontiguousarray(found), expected, batch)
    mirrored = [ImageOps.mirror(Image.fromarray(each.transpose(1, 2, 0))) for each in BYTES]
    if batch is BYTES:
        for image, pillow, (number,) in zip(found, mirrored, numbers, strict=True):
            is_mirrored = (image.transpose(1, 2, 0) == np.asarray(pillow)).all()
            assert is_mirrored == (number < 0.5)
    assert 10 < (numbers < 0.5).sum() < 30


@KINDS
@pytest.mark.parametrize("padding", [1, 4, 27])
def test_crop(batch, padding):
    rng, numbers = drawn(2)
    found = augment.crop(batch, rng, padding=padding)
    places = np.floor(numbers * (2 * padding + 1)).astype(int)
    expected = [
        moved(image, padding - down, padding - right)
        for image, (down, right) in zip(batch, places, strict=True)
    ]
    same(found, expected, batch)


@KINDS
def test_shift(batch):
    rng, numbers = drawn(2)
    found = augment.shift(batch, rng, pixels=3)
    steps = np.floor(numbers * 7).astype(int) - 3
    assert {*steps.ravel()} == {*range(-3, 4)}
    rows, columns = np.arange(28), np.arange(32)
    expected = [
        image[:, (rows + down).clip(0, 27)][:, :, (columns + right).clip(0, 31)]
        for image, (down, right) in zip(batch, steps, strict=True)
    ]
    same(found, expected, batch)


@KINDS
def test_cutout(batch):
    rng, numbers = drawn(2)
    found = augment.cutout(batch, rng, side=9)
    expected = batch.copy()
    for image, (y, x) in zip(expected, numbers, strict=True):
        top, left = int(y * 28) - 4, int(x * 32) - 4
        image[:, max(top, 0) : top + 9, max(left, 0) : left + 9] = 0
    same(found, expected, batch)
    assert {*(found == 0).all(axis=1).sum(axis=(1, 2))} >= {81}


@KINDS
@pytest.mark.parametrize("degrees", [10.0, 180.0])
def test_rotate(batch, degrees):
    rng, numbers = drawn()
    found = augment.rotate(batch, rng, degrees=degrees)
    assert found.dtype == batch.dtype and found.flags.c_contiguous
    y, x = np.mgrid[:28, :32].astype(float)
    for image, turned, (number,) in zip(batch, found, numbers, strict=True):
        angle = np.deg2rad((2 * number - 1) * degrees)
        rows = np.cos(angle) * (y - 13.5) + np.sin(angle) * (x - 15.5) + 13.5
        columns = np.cos(angle) * (x - 15.5) - np.sin(angle) * (y - 13.5) + 15.5
        for channel in range(3):
            expected = ndimage.map_coordinates(
                image[channel].astype(float), [rows, columns], order=1, mode="nearest"
            )
            atol = 0.51 if batch is BYTES else 1e-4
            np.testing.assert_allclose(turned[channel], expected, atol=atol)


def test_a_positive_angle_turns_as_pillow_does():
    found = augment.rotate(BYTES, Drawn(*[1] * COUNT), degrees=30.0)
    inside = np.s_[8:20, 10:22]  # where no edge is needed
    for image, turned in zip(BYTES, found, strict=True):
        pillow = Image.fromarray(image.transpose(1, 2, 0))
        pillow = np.asarray(pillow.rotate(30, Image.Resampling.BILINEAR)).transpose(2, 0, 1)
        for channel in range(3):
            difference = pillow[channel][inside].astype(int) - turned[channel][inside]
            assert abs(difference).max() <= 1


def test_half_a_turn_and_none():
    numbers = [1, 0.5] * (COUNT // 2)
    found = augment.rotate(BYTES, Drawn(*numbers), degrees=180.0)
    np.testing.assert_array_equal(found[1::2], BYTES[1::2])
    np.testing.assert_array_equal(found[::2], BYTES[::2, :, ::-1, ::-1])


def shaded(batch, change, **fields):
    """Return what a shade makes of the batch, and of each image as bytes by Pillow."""
    rng, numbers = drawn()
    found = getattr(augment, change)(batch, rng, **fields)
    assert (found.dtype, found.shape) == (batch.dtype, batch.shape)
    return found, 1 + (2 * numbers[:, 0] - 1) * fields["strength"]


@KINDS
def test_brightness(batch):
    found, factors = shaded(batch, "brightness", strength=0.6)
    for image, changed, factor in zip(BYTES, found, factors, strict=True):
        pixels = np.rint(changed * 255.0) if batch is FLOATS else changed.astype(float)
        expected = (image * factor).clip(0, 255)
        assert abs(pixels - expected).max() <= 0.51
        pillow = ImageEnhance.Brightness(Image.fromarray(image.transpose(1, 2, 0)))
        pillow = np.asarray(pillow.enhance(factor), float).transpose(2, 0, 1)
        assert abs(pixels - pillow).max() <= 1


@KINDS
def test_contrast(batch):
    found, factors = shaded(batch, "contrast", strength=0.9)
    for image, changed, factor in zip(BYTES, found, factors, strict=True):
        pixels = np.rint(changed * 255.0) if batch is FLOATS else changed.astype(float)
        mean = image.mean()
        expected = (mean + factor * (image - mean)).clip(0, 255)
        assert abs(pixels - expected).max() <= 0.51


# --- all of them ---


def chosen(**fields):
    return replace(load().augment, **fields)


def changed(fields, batches, seed=3, epoch=2, images=BYTES):
    change = seeded(transforms(chosen(**fields), images), seed, epoch)
    return np.concatenate([change(images[rows]) for rows in batches])


WHOLE = [slice(0, COUNT)]


def test_every_field_does_something_of_its_own():
    assert [*ALL, "mixup"] == [*declared(Augment)]  # which changes more than images
    found = {name: changed({name: value}, WHOLE).tobytes() for name, value in ALL.items()}
    assert len({*found.values(), BYTES.tobytes()}) == len(ALL) + 1
    assert transforms(chosen(), BYTES) == ()


@pytest.mark.parametrize("images", [BYTES, FLOATS], ids=["bytes", "floats"])
def test_it_does_not_depend_on_the_size_of_batches(images):
    once = changed(ALL, WHOLE, images=images)
    parts = [slice(0, 1), slice(1, 18), slice(18, 35), slice(35, COUNT)]
    assert changed(ALL, parts, images=images).tobytes() == once.tobytes()


def test_it_depends_on_seed_and_epoch_alone():
    np.random.seed(5)
    once = changed(ALL, WHOLE)
    np.random.seed(6)
    assert changed(ALL, WHOLE).tobytes() == once.tobytes()
    others = {changed(ALL, WHOLE, seed, epoch).tobytes() for seed in (3, 4) for epoch in (1, 2, 3)}
    assert len(others) == 6


def test_what_else_is_chosen_changes_no_draw():
    alone = changed({"flip": True}, WHOLE)
    both = changed({"flip": True, "cutout": 9}, WHOLE)
    kept = both != 0
    assert (both[kept] == alone[kept]).all()


def test_nothing_is_changed_in_place():
    for images in (BYTES, FLOATS):
        before = images.copy()
        changed(ALL, WHOLE, images=images)
        assert (images == before).all()


def test_bytes_and_their_floats_are_changed_alike():
    one, other = (changed(ALL, WHOLE, images=images) for images in (BYTES, FLOATS))
    # Bytes are rounded after each of four steps.
    assert abs(one / 255.0 - other).max() < 4 / 255


@pytest.mark.parametrize("name", ["brightness", "contrast"])
def test_shades_need_black_and_white(name):
    standardised = FLOATS * 4 - 2
    with pytest.raises(UserError) as raised:
        transforms(chosen(**{name: 0.25}), standardised)
    assert str(raised.value) == (
        f"augment.{name}=0.25: the images have values beyond black (0) and white (1); allowed is "
        "null"
    )
    assert transforms(chosen(flip=True), standardised)


@pytest.mark.parametrize("shape", [(5, 1, 8, 8), (1, 3, 2, 9), (3, 4, 1, 5)])
def test_images_of_any_shape(shape):
    images = np.random.RandomState(0).randint(0, 256, shape).astype(np.uint8)
    fields = {**ALL, "crop": 1, "shift": 1, "cutout": 1}
    assert changed(fields, [slice(0, len(images))], images=images).shape == shape


def test_the_published_recipe_in_a_loop():
    """Pad by 4, crop, flip: each of them one image at a time."""
    found = changed({"crop": 4, "flip": True}, WHOLE)
    flips = np.random.RandomState([3, 2, *b"flip"]).random_sample(COUNT)
    places = np.random.RandomState([3, 2, *b"crop"]).random_sample((COUNT, 2))
    for image, changed_, flip, (y, x) in zip(BYTES, found, flips, places, strict=True):
        image = image[:, :, ::-1] if flip < 0.5 else image
        padded = np.zeros((3, 36, 40), np.uint8)
        padded[:, 4:32, 4:36] = image
        top, left = int(y * 9), int(x * 9)
        np.testing.assert_array_equal(changed_, padded[:, top : top + 28, left : left + 32])


def test_no_function_needs_more_than_its_own_draws():
    for name, each in {"flip": 1, "crop": 2, "shift": 2, "rotate": 1, "cutout": 2}.items():
        (transform,) = transforms(chosen(**{name: ALL[name]}), BYTES)
        rng, _ = drawn(each)
        transform.change(BYTES, rng)
        assert rng.taken == COUNT * each
