import gzip
import hashlib
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sweep.backend.mxnet import mx
from sweep.config.compose import load
from sweep.data.formats.mnist import PACKAGED, FashionMnist, Mnist, Mnist5k
from sweep.data.published import copies as data
from sweep.data.published.download import gluon_cache
from sweep.data.published.sets import FIRST_FASHION_MNIST, PUBLISHED, IdxFile
from sweep.data.splits import load_dataset
from sweep.errors import UserError

# Y. LeCun, C. Cortes, C. Burges; H. Xiao, K. Rasul, R. Vollgraf
DIGITS = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
TEST_DIGITS = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
FULL_SETS = {
    "mnist": ("mnist", DIGITS, TEST_DIGITS),
    "fashion_mnist": ("fashion-mnist", [6000] * 10, [1000] * 10),
}
CONFIGS = {"mnist": Mnist, "fashion_mnist": FashionMnist}
DIGESTS = {
    "mnist_5k": "6096bdf0ef3395b7d722b37c585f2fec387b1353f62c9b765553334e15b180bc",
    "mnist": "c65580678af93f1ea48c2c0d01d543ec89307c6b8a0eb7ca542d7c18c5f4c681",
    "fashion_mnist": "d1fd84a877f3b78fa9a171b3de73f93e7b6f69ed94bada3feae9d96821401f5c",
}
VALIDATION_500_OF_4000 = "87e012b6d4acd09ef3721cb85121a05281c313553f5d4bee441119e872564ba7"
VALIDATION_5000_OF_60000 = "15aa148dfeab431bac4202a05ba26d7a606acfc5b138306a5ae676f5075c9ad5"


def checksum(rows):
    return hashlib.sha256(rows.astype("<i4").tobytes()).hexdigest()


def counts(labels):
    return np.bincount(labels, minlength=10).tolist()


def as_loaded(array):
    """Return labels as they are, images as float32 in one channel: quotients by 255, rounded once.

    A quotient of two small whole numbers that is rounded to float64 and then to float32 is the
    one that is rounded to float32 at once.
    """
    return array if array.ndim == 1 else (array / np.float64(255)).astype(np.float32)[:, None]


@pytest.fixture
def tiny(monkeypatch):
    """Publish a tiny dataset as mnist; give its four arrays as they must be loaded.

    Its files lie, plain, in ``tiny``.
    """
    random = np.random.RandomState(0)
    arrays = [
        random.randint(0, values, shape).astype(np.uint8)
        for shape, values in [((12, 28, 28), 256), ((12,), 10), ((5, 28, 28), 256), ((5,), 10)]
    ]
    Path("tiny").mkdir()
    files = []
    for array, real in zip(arrays, PUBLISHED["mnist"].files, strict=True):
        sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
        content = bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()
        (Path("tiny") / real.name).write_bytes(content)
        files.append(IdxFile(real.name, len(content), hashlib.sha256(content).hexdigest(), ""))
    monkeypatch.setitem(PUBLISHED, "mnist", replace(PUBLISHED["mnist"], files=tuple(files)))
    return [as_loaded(array) for array in arrays]


def load_tiny(root="tiny"):
    return load_dataset(Mnist("mnist", 4, root, ()))


def arrays_of(dataset):
    return [dataset.train.images, dataset.train.labels, dataset.test.images, dataset.test.labels]


def assert_holds(dataset, arrays):
    for loaded, expected in zip(arrays_of(dataset), arrays, strict=True):
        np.testing.assert_array_equal(loaded, expected, strict=True)


@pytest.fixture
def reads(monkeypatch):
    """List the names of the source files that are read from now on."""
    names, read = [], data.read_verified

    def listed(path, dataset, file):
        names.append(path.name)
        return read(path, dataset, file)

    monkeypatch.setattr(data, "read_verified", listed)
    return names


def test_idx_files_are_decoded(tiny):
    dataset = load_tiny()
    assert_holds(dataset, tiny)
    assert dataset.val.images is dataset.train.images
    assert dataset.source == "tiny"
    assert dataset.describe() == "mnist: 8 images to train on, 4 to validate, 5 to test"


def test_pixels_are_scaled_to_1(tiny):
    pixels = load_tiny().train.images
    assert pixels.dtype == np.float32
    values = np.unique(pixels)
    assert len(values) == 256
    # 51 = 255/5, 85 = 255/3, 128 = 255/2 + 1/2
    known = np.array([0, 1 / 5, 1 / 3, 128 / 255, 1], np.float32)
    np.testing.assert_array_equal(values[[0, 51, 85, 128, 255]], known, strict=True)


def test_copies_as_earlier_versions_made_them_are_not_taken(tiny):
    cache = gluon_cache() / "decoded"
    cache.mkdir(parents=True)
    for file, array in zip(PUBLISHED["mnist"].files, tiny, strict=True):
        np.save(cache / f"{file.sha256}.npy", np.zeros(array.shape, np.uint8))
    for _ in range(2):
        assert_holds(load_tiny(), tiny)


def test_decoded_images_are_shared_and_sources_not_read_again(tiny, reads):
    load_tiny()
    assert reads == [file.name for file in PUBLISHED["mnist"].files]
    reads.clear()
    again = load_tiny()
    assert reads == []
    assert_holds(again, tiny)
    assert all(isinstance(array, np.memmap) for array in arrays_of(again))
    with pytest.raises(ValueError, match="read-only"):
        again.train.images[0, 0, 0, 0] = 1
    names = {path.name for path in (gluon_cache() / "decoded").iterdir()}
    assert {name for name in names if not name.endswith(".ok")} == {
        f"{file.sha256}.scaled.npy" for file in PUBLISHED["mnist"].files
    }


def test_another_folder_is_verified_too_and_shares_the_copy(tiny, reads):
    load_tiny()
    reads.clear()
    Path("other").mkdir()
    for file in PUBLISHED["mnist"].files:
        packed = gzip.compress((Path("tiny") / file.name).read_bytes())
        (Path("other") / f"{file.name}.gz").write_bytes(packed)
    assert_holds(load_tiny("other"), tiny)
    assert reads == [f"{file.name}.gz" for file in PUBLISHED["mnist"].files]
    assert len(list((gluon_cache() / "decoded").glob("*.npy"))) == 4


def test_a_source_that_was_touched_is_verified_again(tiny, reads):
    load_tiny()
    reads.clear()
    touched = Path("tiny") / PUBLISHED["mnist"].files[1].name
    os.utime(touched, ns=(0, 0))
    assert_holds(load_tiny(), tiny)
    assert reads == [touched.name]


def test_a_source_that_was_changed_is_refused_though_its_copy_is_there(tiny):
    load_tiny()
    changed = Path("tiny") / PUBLISHED["mnist"].files[2].name
    content = changed.read_bytes()
    changed.write_bytes(content[:-1])
    with pytest.raises(UserError, match=f"^{changed} is incomplete: 3,935 bytes of 3,936"):
        load_tiny()
    changed.write_bytes(content[:-1] + b"\xff")
    os.utime(changed, ns=(0, 0))
    with pytest.raises(UserError, match=f"^{changed} is not mnist's: SHA-256 "):
        load_tiny()


def test_the_first_fashion_mnist_is_known_as_such(tiny, monkeypatch):
    """MXNet downloaded it to the end; its files are known by the SHA-1 that MXNet has of them."""
    first = Path("tiny") / PUBLISHED["mnist"].files[2].name
    packed = gzip.compress(first.read_bytes()[:-1] + b"\xff")
    first.unlink()
    first = first.with_name(f"{first.name}.gz")
    first.write_bytes(packed)
    with pytest.raises(UserError, match=f"^{first} is not mnist's: SHA-256 "):
        load_tiny()
    sums = {*FIRST_FASHION_MNIST, hashlib.sha1(packed).hexdigest()}
    monkeypatch.setattr("sweep.data.published.download.FIRST_FASHION_MNIST", sums)
    with pytest.raises(UserError) as refused:
        load_tiny()
    assert str(refused.value) == (
        f"{first} is of the first Fashion-MNIST, which MXNet downloaded: images that it had twice, "
        "also among those to test on, were replaced on 31 August 2017. To train on it as it is: "
        "dataset=idx dataset.root=tiny. Replace it."
    )


def test_sums_of_the_first_fashion_mnist_are_those_of_mxnet():
    source = Path(mx.gluon.data.vision.datasets.__file__).read_text()
    assert all(f"'{each}'" in source for each in FIRST_FASHION_MNIST)


def test_without_a_place_for_the_copy_each_load_decodes(tiny, reads, caplog):
    gluon_cache().mkdir(parents=True)
    (gluon_cache() / "decoded").write_bytes(b"")
    for _ in range(2):
        reads.clear()
        assert_holds(load_tiny(), tiny)
        assert len(reads) == 4
    assert "decoded cannot hold decoded images, so each run decodes: " in caplog.text


def test_mnist_5k_is_balanced_and_pinned():
    dataset = load_dataset(load().dataset)
    assert (dataset.name, dataset.digest) == ("mnist_5k", DIGESTS["mnist_5k"])
    assert dataset.source == "sweep/data/mnist_5k.npz"
    images, labels, test_images, test_labels = arrays_of(dataset)
    assert (images.shape, test_images.shape) == ((4000, 1, 28, 28), (1000, 1, 28, 28))
    with np.load(PACKAGED) as file:
        raw = file["images"][:4000], file["labels"][:4000], file["images"][4000:]
        assert_holds(dataset, [*map(as_loaded, raw), file["labels"][4000:]])
    assert images.dtype == test_images.dtype == np.float32
    assert labels.dtype == test_labels.dtype == np.uint8
    assert counts(labels) == [400] * 10
    assert counts(test_labels) == [100] * 10
    assert (images.min(), images.max()) == (0, 1)
    assert dataset.describe() == (
        "mnist_5k: 3,500 images to train on, 500 to validate, 1,000 to test"
    )


def test_no_image_of_mnist_5k_is_in_it_twice():
    images, _, test_images, _ = arrays_of(load_dataset(load().dataset))
    assert len({image.tobytes() for image in (*images, *test_images)}) == 5_000


def test_mnist_5k_is_part_of_mnists_training_images(published):
    full = load_dataset(Mnist("mnist", 0, str(published / "mnist"), ()))
    known = {
        image.tobytes(): label
        for image, label in zip(full.train.images, full.train.labels, strict=True)
    }
    images, labels, test_images, test_labels = arrays_of(load_dataset(load().dataset))
    for image, label in zip((*images, *test_images), (*labels, *test_labels), strict=True):
        assert known[image.tobytes()] == label


def test_mnist_5k_has_its_licence_beside_it():
    licence = PACKAGED.with_name("mnist_5k.LICENSE.txt").read_text()
    assert "creativecommons.org/licenses/by-sa/3.0" in licence and "LeCun" in licence
    assert PACKAGED.stat().st_size < 1_500_000


@pytest.mark.parametrize(
    "name", ["fashion_mnist", pytest.param("mnist", marks=pytest.mark.nightly)]
)
def test_full_sets(name, published, tmp_path):
    folder, train_counts, test_counts = FULL_SETS[name]
    dataset = load_dataset(CONFIGS[name](name, 5_000, str(published / folder), ()))
    assert (dataset.name, dataset.digest) == (name, DIGESTS[name])
    assert dataset.source == str(published / folder)
    assert (len(dataset.train), len(dataset.val), len(dataset.test)) == (55_000, 5_000, 10_000)
    assert [array.shape for array in arrays_of(dataset)] == [
        *((60_000, 1, 28, 28), (60_000,)),
        *((10_000, 1, 28, 28), (10_000,)),
    ]
    assert counts(dataset.train.labels) == train_counts
    assert counts(dataset.test.labels) == test_counts
    assert checksum(dataset.val.index) == VALIDATION_5000_OF_60000

    for file, array in zip(PUBLISHED[name].files, arrays_of(dataset), strict=True):
        content = gzip.decompress((published / folder / f"{file.name}.gz").read_bytes())
        raw = np.frombuffer(content, np.uint8)[-array.size :].reshape(len(array), *array.shape[2:])
        np.testing.assert_array_equal(array, as_loaded(raw), strict=True)
        (tmp_path / file.name).write_bytes(content)
    plain = load_dataset(CONFIGS[name](name, 5_000, str(tmp_path), ()))
    assert plain.digest == dataset.digest
    assert_holds(plain, arrays_of(dataset))


def test_the_validation_images_are_the_same_for_every_run():
    first, second = (load_dataset(load(f"seed={seed}").dataset) for seed in (0, 1))
    np.testing.assert_array_equal(first.val.index, second.val.index)
    np.testing.assert_array_equal(first.train.index, second.train.index)
    assert checksum(first.val.index) == VALIDATION_500_OF_4000


@pytest.mark.parametrize("val_size", [0, 1, 500, 3_999])
def test_training_and_validation_images_share_nothing_and_leave_nothing_out(val_size):
    dataset = load_dataset(Mnist5k("mnist_5k", val_size, None, ()))
    train, val, test = dataset.train, dataset.val, dataset.test
    assert (len(train), len(val), len(test)) == (4_000 - val_size, val_size, 1_000)
    assert sorted([*train.index, *val.index]) == list(range(4_000))
    np.testing.assert_array_equal(test.index, np.arange(1_000))
    assert train.index.dtype == val.index.dtype == test.index.dtype == np.int32
    np.testing.assert_array_equal(train.index, np.sort(train.index))
