"""What the system does not let be read is said in a line, too."""

import errno
import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import own_images
import pytest
from own_images import digits, halves

from sweep.config.compose import load
from sweep.data.formats.arrays import read_arrays
from sweep.data.looking.sources import read_source
from sweep.data.looking.survey import survey
from sweep.data.readers import decoding, file_states, random_access
from sweep.data.readers.broken import Broken
from sweep.data.readers.decoding import AS_THEY_ARE
from sweep.data.readers.parts import Files
from sweep.errors import UserError

LONG = "x" * 300  # more than a file's name may have
NO_NAME = "(stat: )?embedded null (byte|character in path)"  # Python 3.13 says the latter
ROWS = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


def message(call, *given):
    with pytest.raises(UserError) as raised:
        call(*given)
    return str(raised.value)


@pytest.fixture
def photos():
    own_images.write_folder("photos", halves(*digits(4)))
    return Path("photos")


@pytest.mark.parametrize(
    "given",
    [
        ("dataset=folder", f"dataset.root={LONG}"),
        ("dataset=idx", f"dataset.root={LONG}"),
        ("dataset=cifar10", f"dataset.root={LONG}"),
        ("dataset=recordio", f"dataset.train={LONG}.rec"),
    ],
    ids=["folder", "idx", "cifar10", "recordio"],
)
def test_a_path_that_is_too_long(given):
    assert message(load(*given).dataset.state).endswith(": cannot be read: File name too long")


def test_a_published_set_in_a_place_that_cannot_be_looked_at(monkeypatch):
    first = "train-images-idx3-ubyte.gz"
    told = message(load("dataset=mnist", f"dataset.root={LONG}").dataset.read)
    assert told == f"{LONG}/{first}: cannot be read: File name too long"
    dataset = load("dataset=mnist", "dataset.root=there").dataset

    def refused(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(file_states.os, "stat", refused)
    assert message(dataset.read) == f"there/{first}: cannot be read: Permission denied"


def test_a_source_whose_path_is_too_long():
    assert message(read_source, Path(LONG)) == f"{LONG}: cannot be read: File name too long"
    told = message(read_source, Path("a\0b"))
    assert re.fullmatch(f"a\0b: cannot be read: {NO_NAME}", told)


def test_what_nobody_may_look_at(photos, monkeypatch):
    def refused(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(file_states.os, "listdir", refused)
    assert message(read_source, photos) == "photos: cannot be read: Permission denied"
    monkeypatch.setattr(file_states.os, "stat", refused)
    assert message(read_source, photos) == "photos: cannot be read: Permission denied"


def test_a_path_in_a_list_that_none_can_be():
    Path("a.lst").write_text("0\t0\ta\0b.png\n1\t1\tc.png\n")
    config = load("dataset=list", "dataset.train=a.lst", "dataset.test_size=1").dataset
    assert re.fullmatch(
        f"a\0b.png: cannot be read: {NO_NAME}; dataset.on_broken=skip leaves such images out",
        message(config.read),
    )


def test_an_image_that_vanishes_while_it_is_looked_at(photos):
    source = read_source(photos)
    part = source.parts["train"]

    class Vanishing:
        def __getattr__(self, name):
            return getattr(part.pictures, name)

        def mode(self, row):
            Path(self.where(row)).unlink()
            return part.pictures.mode(row)

    found = survey({"train": (replace(part, pictures=Vanishing()), source.class_names)})
    assert {each.broken for each in found.broken} == {"cannot be read: No such file or directory"}
    assert len(found.broken) == len(part.labels) == 30


PASSING = "the image may be whole: put that right, and give the command again"
SKIP = ("dataset=folder", "dataset.root=photos", "dataset.val_size=10", "dataset.on_broken=skip")


@pytest.mark.parametrize("name", ["EMFILE", "ESTALE", "ENOMEM", "EIO", "EACCES"])
def test_what_cannot_be_read_for_now_is_not_left_out_for_good(photos, monkeypatch, name):
    dataset, read, failed = load(*SKIP).dataset, Path.read_bytes, []
    told = os.strerror(getattr(errno, name))

    def once(path):
        if path.name == "0003.png" and not failed:
            failed.append(path)
            raise OSError(getattr(errno, name), told, str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", once)
    found = message(dataset.read)
    assert found == f"{failed[0]}: cannot be read: {told}; {PASSING}"
    images = dataset.read()
    assert images.skipped == ()
    assert (len(images.train_images), len(images.test_images)) == (30, 10)


def test_a_lack_of_memory_leaves_no_image_out_for_good(photos, monkeypatch):
    dataset, upright, failed = load(*SKIP).dataset, decoding.ImageOps.exif_transpose, []

    def once(image):
        if not failed:
            failed.append(image)
            raise MemoryError
        return upright(image)

    monkeypatch.setattr(decoding.ImageOps, "exif_transpose", once)
    first = sorted(photos.glob("train/0/*"))[0]
    assert message(dataset.read) == f"{first}: cannot be decoded: MemoryError; {PASSING}"
    assert dataset.read().skipped == ()


def test_a_file_that_does_not_fit_into_memory(monkeypatch):
    def fail(path):
        raise MemoryError

    monkeypatch.setattr(Path, "read_bytes", fail)
    told = message(Files([Path("a.png")]).encoded, 0)
    assert told == f"a.png: cannot be read: MemoryError; {PASSING}"


@pytest.mark.parametrize(
    ("path", "number"),
    [
        ("none.png", errno.ENOENT),
        ("file/a.png", errno.ENOTDIR),
        ("folder", errno.EISDIR),
        ("loop", errno.ELOOP),
        (LONG, errno.ENAMETOOLONG),
    ],
)
def test_a_path_without_a_file_is_a_broken_image(path, number):
    Path("file").touch()
    Path("folder").mkdir()
    Path("loop").symlink_to("loop")
    with pytest.raises(Broken, match=f"^cannot be read: {os.strerror(number)}$"):
        Files([Path(path)]).encoded(0)


# --- pairs of .npy files ---


def pair(images=ROWS, labels=(0, 1)):
    """Write two files; return what reads them."""
    for name, array in (("images.npy", images), ("labels.npy", labels)):
        np.save(name, array)
    return Path("images.npy"), Path("labels.npy")


def test_a_pair_is_read_row_by_row():
    part = read_arrays(*pair())["train"]
    np.testing.assert_array_equal(part.pictures.pixels(1, AS_THEY_ARE), ROWS[1, ..., None])
    np.testing.assert_array_equal(part.labels, [0, 1])


@pytest.mark.parametrize(
    ("arrays", "expected"),
    [
        (
            (ROWS, []),
            "labels.npy: has 0 labels for the 2 images of images.npy; allowed are as many",
        ),
        ((ROWS[:0], []), "images.npy: no images; allowed is one or more"),
        (
            (ROWS, 5),
            "labels.npy: has the shape (); allowed is one label for each image: (n,) or (n,1)",
        ),
        (
            (5, [0]),
            "images.npy: has the shape (); allowed are (n,h,w), (n,h,w,c) and (n,c,h,w) with 1 or "
            "3 channels, and features (n,d)",
        ),
    ],
)
def test_arrays_without_rows(arrays, expected):
    assert message(read_arrays, *pair(*arrays)) == expected


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (b"(-2, 3, 4)", "has the shape (-2,3,4); allowed are (n,h,w), "),
        (b"(2, 3, 99999999999999999999)", "is cut: 24 bytes of 599,999,999,999,999,999,994"),
        (b"((2, 3, 4)", "is no array of NumPy's that can be read: "),
    ],
)
def test_a_header_that_is_wrong(shape, expected):
    images, labels = pair()
    head, content = images.read_bytes()[:128], images.read_bytes()[128:]
    changed = head.replace(b"(2, 3, 4)", shape).rstrip(b" \n").ljust(127) + b"\n"
    images.write_bytes(changed + content)
    assert message(read_arrays, images, labels).startswith(f"images.npy: {expected}")


def test_a_disk_that_fails_makes_no_image_a_broken_one(monkeypatch):
    def fail(*_):
        raise OSError(5, "Input/output error")

    paths = pair()
    part = read_arrays(*paths)["train"]
    monkeypatch.setattr(random_access.os, "pread", fail)
    told = f"cannot be read: Input/output error; {PASSING}"
    assert message(part.pictures.pixels, 0, AS_THEY_ARE) == f"images.npy: {told}"
    assert message(read_arrays, *paths) == f"labels.npy: {told}"
