"""Image files as the images of a dataset: in its channels, resized as these were."""

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image
from sklearn.datasets import load_sample_image

from sweep.data.formats.mnist import Mnist
from sweep.data.photographs import pictures
from sweep.data.photographs.like_dataset import as_dataset
from sweep.data.photographs.pictures import read
from sweep.data.readers.decoding import Form, decode, without_warnings
from sweep.errors import UserError

PHOTOGRAPH = load_sample_image("flower.jpg")  # 640×427
COLOUR, GREY = (3, 30, 40), (1, 30, 40)


@pytest.fixture
def photograph():
    Image.fromarray(PHOTOGRAPH).save("photograph.png")
    return read(Path("photograph.png"))


def as_bytes(picture):
    found = np.rint(picture.pixels * 255).astype(np.uint8)
    assert (found / np.float32(255)).tobytes() == picture.pixels.tobytes()
    assert picture.pixels.flags.c_contiguous
    return found.transpose(1, 2, 0).squeeze()


def scaled(pixels, width, height):
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR))


def test_it_is_squashed(photograph):
    found = as_dataset(photograph, COLOUR, None, "squash")
    np.testing.assert_array_equal(as_bytes(found), scaled(PHOTOGRAPH, 40, 30))
    assert found.steps == ("640×427 scaled to 40×30",)


def test_it_is_fitted_in_between_black_borders(photograph):
    found = as_dataset(photograph, COLOUR, None, "fit")
    pixels = as_bytes(found)
    np.testing.assert_array_equal(pixels[2:29], scaled(PHOTOGRAPH, 40, 27))
    assert not pixels[[0, 1, 29]].any()
    assert found.steps == ("640×427 fitted into 40×30",)


def test_its_middle_is_taken(photograph):
    found = as_dataset(photograph, COLOUR, None, "crop")
    assert found.steps == ("the middle of 640×427 scaled to 40×30",)
    wide = 427 * 40 / 30
    left = round((640 - wide) / 2)
    middle = scaled(PHOTOGRAPH[:, left : left + round(wide)], 40, 30)
    assert abs(as_bytes(found).astype(int) - middle).mean() < 1


def test_one_of_the_same_size_is_not_touched():
    Image.fromarray(PHOTOGRAPH[:30, :40]).save("small.png")
    for resize in ("squash", "fit", "crop"):
        found = as_dataset(read(Path("small.png")), COLOUR, None, resize)
        np.testing.assert_array_equal(as_bytes(found), PHOTOGRAPH[:30, :40])
        assert found.steps == ()


def test_colours_for_a_grey_dataset_and_grey_for_one_in_colour(photograph):
    found = as_dataset(photograph, GREY, None, "squash")
    weighed = np.asarray(Image.fromarray(PHOTOGRAPH).convert("L"))
    np.testing.assert_array_equal(as_bytes(found), scaled(weighed, 40, 30))
    assert found.steps == ("made grey", "640×427 scaled to 40×30")
    Image.fromarray(weighed).save("grey.png")
    found = as_dataset(read(Path("grey.png")), COLOUR, None, "squash")
    for channel in range(3):
        np.testing.assert_array_equal(as_bytes(found)[..., channel], scaled(weighed, 40, 30))
    assert found.steps == ("grey in three channels", "640×427 scaled to 40×30")


def test_a_picture_of_one_colour_is_an_image_where_images_are_not_framed():
    Image.new("RGB", (50, 60), (10, 200, 30)).save("green.png")
    found = as_bytes(as_dataset(read(Path("green.png")), COLOUR, None, "squash"))
    assert (found == (10, 200, 30)).all()
    with pytest.raises(UserError, match="^green.png: is of one colour"):
        as_dataset(read(Path("green.png")), (1, 28, 28), Mnist.framing, "squash")


def test_images_that_no_file_can_become(photograph):
    with pytest.raises(UserError) as raised:
        as_dataset(photograph, (4, 30, 40), None, "squash")
    assert str(raised.value) == (
        "the model takes images with 4 channels; image files have 1 or 3, so allowed are models of "
        "grey images and of colour ones"
    )


def test_a_way_to_resize_that_is_not_known(photograph):
    with pytest.raises(UserError) as raised:
        as_dataset(photograph, COLOUR, None, "stretch")
    assert str(raised.value) == (
        "the model's images were resized by stretch: allowed is squash, fit or crop"
    )


@pytest.mark.parametrize("resize", ["squash", "fit", "crop"])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_large_jpeg_becomes_what_a_dataset_makes_of_it(resize, channels):
    Image.fromarray(load_sample_image("china.jpg")).save("china.jpg")
    found = as_dataset(read(Path("china.jpg")), (channels, 30, 40), None, resize)
    expected = decode(Path("china.jpg").read_bytes(), Form((30, 40), resize, channels))
    np.testing.assert_array_equal(as_bytes(found), expected.squeeze())


def test_postscript_is_no_picture_and_is_run_by_nobody(monkeypatch):
    Image.fromarray(PHOTOGRAPH[:8, :8]).save("a.eps")
    Path("a.eps").rename("a.png")
    asked = []
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *given, **_: asked.append(given))
    with pytest.raises(UserError, match="^a.png: is no image that can be read: "):
        read(Path("a.png"))
    assert asked == []


def test_a_picture_that_no_dataset_would_decode(photograph, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 200_000)
    with without_warnings(), pytest.raises(UserError) as raised:
        as_dataset(photograph, COLOUR, None, "squash")
    assert str(raised.value) == (
        "photograph.png: is too large: 640×427; allowed are 200,000 pixels"
    )
    photograph.file.unlink()
    with pytest.raises(UserError, match="^photograph.png: cannot be read: No such file"):
        as_dataset(photograph, COLOUR, None, "squash")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (struct.error("unpack requires 4 bytes"), "unpack requires 4 bytes"),
        (IndexError(), "IndexE"),
    ],
)
def test_whatever_a_reader_of_pillow_runs_into(photograph, monkeypatch, error, reason):
    def run_into(image):
        raise error

    monkeypatch.setattr(pictures.ImageOps, "exif_transpose", run_into)
    with pytest.raises(UserError) as raised:
        read(photograph.file)
    assert str(raised.value).startswith(f"photograph.png: is no image that can be read: {reason}")


def test_a_folder_is_no_picture():
    Path("folder").mkdir()
    with pytest.raises(UserError, match="^folder: is a folder$"):
        read(Path("folder"))
