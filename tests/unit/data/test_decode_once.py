"""Images are decoded once, into files that all processes share, whatever happens to them."""

import os
import platform
from dataclasses import replace
from pathlib import Path

import numpy as np
import own_images
import pytest
from own_images import digits, halves, patches

from sweep.config.compose import load
from sweep.data.decoded import one_pass as decode_pass
from sweep.data.published.download import gluon_cache
from sweep.data.readers.arrays import ArrayPictures
from sweep.data.splits import load_dataset

IMAGES, LABELS = digits()
GIVEN = ("dataset=arrays", "dataset.train=train.npz", "dataset.test=test.npz")


@pytest.fixture
def config():
    own_images.write_npz(".", halves(IMAGES, LABELS))
    return load(*GIVEN, "dataset.val_size=0.2").dataset


@pytest.fixture
def reads(monkeypatch):
    """List the rows that are decoded from now on."""
    rows, pixels = [], ArrayPictures.pixels

    def listed(self, row, form):
        rows.append(row)
        return pixels(self, row, form)

    monkeypatch.setattr(ArrayPictures, "pixels", listed)
    return rows


def kept(pattern="*"):
    return sorted(path.name for path in (gluon_cache() / "decoded").glob(pattern))


def test_a_second_start_decodes_nothing_and_maps_what_is_kept(config, reads):
    first = load_dataset(config)
    assert len(reads) >= 120
    reads.clear()
    second = load_dataset(config)
    assert reads == []
    assert second.digest == first.digest
    for split in ("train", "val", "test"):
        images = getattr(second, split).images
        assert isinstance(images, np.memmap)
        np.testing.assert_array_equal(images, getattr(first, split).images)
    assert len(kept("*.scaled.npy")) == 2
    assert (len(kept("*.json")), len(kept("*.labels.npz")), len(kept())) == (1, 1, 4)


def test_colour_images_are_kept_in_8_bits(reads):
    images, labels = patches()
    own_images.write_npz(".", halves(images, labels))
    dataset = load_dataset(load(*GIVEN, "dataset.val_size=0.2").dataset)
    assert dataset.train.images.dtype == np.uint8
    assert len(kept("*.scaled.npy")) == 0 and len(kept("*.npy")) == 2


@pytest.mark.parametrize(("side", "dtype"), [(32, np.float32), (33, np.uint8)])
def test_grey_images_are_kept_as_floats_as_long_as_that_is_faster(side, dtype):
    images = np.resize(IMAGES, (20, side, side)).astype(np.uint8)
    own_images.write_npz(".", halves(images, np.arange(20) // 10))
    dataset = load_dataset(load(*GIVEN, "dataset.val_size=0.2").dataset)
    assert dataset.train.images.dtype == dtype


def test_a_source_that_was_touched_is_decoded_again_to_the_same_files(config, reads):
    digest = load_dataset(config).digest
    before = kept("*.npy")
    reads.clear()
    os.utime("test.npz", ns=(0, 0))
    assert load_dataset(config).digest == digest
    assert len(reads) >= 120
    assert kept("*.npy") == before
    assert len(kept("*.json")) == 2


def test_a_source_that_was_changed_is_another_dataset(config):
    digest = load_dataset(config).digest
    own_images.write_npz(".", halves(255 - IMAGES, LABELS))
    os.utime("test.npz", ns=(0, 0))
    changed = load_dataset(config)
    assert changed.digest != digest
    assert changed.train.images[0, 0, 0, 0] == 1 - IMAGES[0, 0, 0, 0] / 255


def test_another_split_takes_what_is_kept(config, reads):
    load_dataset(config)
    reads.clear()
    for other in (replace(config, val_size=0.3), replace(config, folds=2, fold=1)):
        load_dataset(other)
    assert reads == []


def test_another_size_is_decoded(config, reads):
    load_dataset(config)
    reads.clear()
    assert load_dataset(replace(config, size=(4, 4))).shape == (1, 4, 4)
    assert reads


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(b"")])
@pytest.mark.parametrize("pattern", ["*.npy", "*.npz", "*.json"])
def test_what_is_missing_or_broken_is_made_anew(config, spoil, pattern):
    digest = load_dataset(config).digest
    before = kept()
    for name in kept(pattern):
        spoil(gluon_cache() / "decoded" / name)
    for _ in range(2):
        dataset = load_dataset(config)
        assert dataset.digest == digest
        np.testing.assert_array_equal(dataset.test.labels, halves(IMAGES, LABELS)["test"][1])
    assert kept() == before


def test_what_a_killed_process_left_is_removed(config):
    folder = gluon_cache() / "decoded"
    folder.mkdir(parents=True)
    machine = platform.node()
    others = [
        *(f"{machine}-{os.getpid()}-b.tmp", "other-1-c.tmp"),
        *(f"{machine}-abcd-999999999-d.tmp", f"{machine}-999999999-1-e.tmp"),  # of longer names
    ]
    for name in (f"{machine}-999999999-a.tmp", *others):
        (folder / name).write_bytes(b"")
    load_dataset(config)
    assert kept("*.tmp") == sorted(others)


def test_images_are_written_in_their_order_however_long_each_takes(config, monkeypatch):
    monkeypatch.setattr(decode_pass, "CHUNK_BYTES", 1)
    pixels = ArrayPictures.pixels

    def slow(self, row, form):
        for _ in range(2_000 * (row % 3)):
            pass
        return pixels(self, row, form)

    monkeypatch.setattr(ArrayPictures, "pixels", slow)
    images = halves(IMAGES, LABELS)["train"][0].transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(load_dataset(config).train.images, (images / 255).astype("f4"))


def test_a_row_file_is_what_numpy_writes(tmp_path):
    from sweep.data.decoded.row_file import RowFile

    rows = np.arange(24, dtype=np.float32).reshape(4, 2, 3)
    with open("a.npy", "wb") as stream:
        file = RowFile(stream, (2, 3), rows.dtype)
        file.append(rows[:3])
        file.append(rows[3:])
        file.close()
    np.testing.assert_array_equal(np.load("a.npy", mmap_mode="r"), rows, strict=True)
    assert Path("a.npy").stat().st_size == 128 + rows.nbytes
