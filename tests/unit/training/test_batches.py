"""What batches are made of: images as bytes or floats, chosen by MXNet or by NumPy."""

from dataclasses import replace

import numpy as np
import pytest
from epochwise import CROSS_ENTROPY, Training, assert_equal_bits, synthetic

from sweep.backend.mxnet import mx
from sweep.config.compose import load
from sweep.config.metrics import measured_metric
from sweep.data.splits import Split
from sweep.errors import UserError
from sweep.networks.build import build_network
from sweep.training import batches
from sweep.training.batches import Hosted, Resident, feed
from sweep.training.loop import Evaluation, _evaluation_batch, probabilities

COLOUR = (3, 20, 24)
NETWORKS = {
    "mlp": ("model=mlp", "model.hidden=[6]"),
    "lenet": ("model=lenet", "model.channels=[3,5]", "model.kernels=[5,3]", "model.hidden=[7]"),
}


def as_bytes(dataset):
    """Return the same dataset with its images as the bytes that its floats were made of."""

    def split(each):
        pixels = np.rint(each.images * 255).astype(np.uint8)
        assert (pixels / np.float32(255)).tobytes() == each.images.tobytes()
        return replace(each, images=pixels)

    parts = {name: split(getattr(dataset, name)) for name in ("train", "val", "test")}
    return replace(dataset, **parts)


@pytest.mark.parametrize("shape", [(1, 28, 28), COLOUR], ids=["grey", "colour"])
@pytest.mark.parametrize("network", NETWORKS)
def test_bytes_train_to_the_same_bits_as_their_floats(network, shape):
    floats, found = synthetic(shape=shape, classes=4), []
    options = (*NETWORKS[network], "batch_size=16", "test_every_epoch=true", "optim.momentum=0.5")
    for dataset in (floats, as_bytes(floats)):
        training = Training(dataset, *options)
        found.append(training.epochs(1, 3))
        found.append(probabilities(training.net, dataset.test, mx.cpu()).tobytes())
    assert_equal_bits(found[0], found[2])
    assert found[1] == found[3]


@pytest.mark.parametrize("prepare", [lambda dataset: dataset, as_bytes], ids=["floats", "bytes"])
def test_rows_that_numpy_chooses_train_to_the_same_bits(prepare, monkeypatch):
    dataset, options = prepare(synthetic(shape=COLOUR)), (*NETWORKS["lenet"], "batch_size=16")
    resident = Training(dataset, *options).epochs(1, 2)
    monkeypatch.setattr(batches, "MOST_VALUES", 1)
    assert isinstance(feed(dataset.train, mx.cpu()), Hosted)
    assert_equal_bits(Training(dataset, *options).epochs(1, 2), resident)


@pytest.mark.parametrize("kind", [Resident, Hosted])
def test_batches_have_the_images_of_their_split_in_order(kind):
    images = np.arange(8, dtype=np.uint8).reshape(8, 1, 1, 1) * np.ones((1, 2, 3, 4), np.uint8)
    split = Split(images, np.arange(8) * 10, np.array([1, 4, 5, 7], np.int32))
    found = []
    for pixels, labels, *rows in kind(split, mx.cpu()).batches(np.array([3, 0, 2]), 2):
        chosen = rows[0].asnumpy() if rows else slice(None)
        pixels, labels = (each.asnumpy()[chosen] for each in (pixels, labels))
        assert (pixels.dtype, pixels.shape[1:]) == (np.uint8, (2, 3, 4))
        found.append((pixels[:, 0, 0, 0].tolist(), labels.tolist()))
    assert found == [([7, 1], [70, 10]), ([5], [50])]


def test_images_beyond_what_mxnet_can_address_are_read_all_the_same(tmp_path):
    count = 2**31 // (3 * 32 * 32) + 1
    images = np.memmap(tmp_path / "sparse", np.uint8, "w+", shape=(count, 3, 32, 32))
    index = np.array([0, 5, 349_525, count - 2, count - 1], np.int32)
    small = np.random.RandomState(0).randint(0, 256, (5, 3, 32, 32)).astype(np.uint8)
    images[index] = small
    labels = np.arange(count) % 4
    net = build_network(load(*NETWORKS["mlp"]).model, (3, 32, 32), 4, seed=0, context=mx.cpu())
    few = Split(small, labels[index], np.arange(5, dtype=np.int32))
    measured = [
        Evaluation(net, split, [measured_metric("accuracy")], mx.cpu(), CROSS_ENTROPY).measure()
        for split in (Split(images, labels, index), few)
    ]
    assert measured[0] == measured[1]


def test_images_of_another_type_are_refused():
    dataset = synthetic()
    wide = replace(dataset.train, images=dataset.train.images.astype(np.float64))
    with pytest.raises(UserError) as raised:
        Training(replace(dataset, train=wide), *NETWORKS["mlp"], "batch_size=16").epochs(1, 1)
    assert str(raised.value) == (
        "the images are float64: allowed are uint8 and float32, as a dataset returns them"
    )


@pytest.mark.parametrize(
    ("size", "expected"),
    [((28, 28), 100), ((64, 64), 100), ((64, 128), 50), ((224, 224), 8), ((9999, 9999), 1)],
)
def test_larger_images_are_measured_fewer_at_once(size, expected):
    images = np.broadcast_to(np.uint8(0), (3, 3, *size))
    assert _evaluation_batch(Split(images, np.zeros(3), np.arange(3))) == expected
