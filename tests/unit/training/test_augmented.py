"""Training on images that are changed at random: those, in their order, and no others."""

from dataclasses import replace

import numpy as np
import pytest
from epochwise import CROSS_ENTROPY, TIMES, Training, assert_equal_bits
from photographs import photographs

from sweep.backend.mxnet import mx
from sweep.config.compose import load
from sweep.config.metrics import measured_metric
from sweep.data.augment import seeded, transforms
from sweep.data.splits import load_dataset
from sweep.training.batches import Hosted, Resident
from sweep.training.loop import _feeds, train_epochs

SMALL = ("model=lenet", "model.channels=[3,5]", "model.hidden=[7]", "optim.lr=0.05")
CHOSEN = ("augment.crop=4", "augment.flip=true", "augment.contrast=0.3", "augment.rotate=20")
AUGMENT = load(*CHOSEN).augment
SEED = 7


@pytest.fixture(scope="module", params=["uint8", "float32"])
def dataset(request):
    return load_dataset(photographs(kept_as=request.param))


def trained(dataset, epochs, chosen=(), batch_size=32):
    """Train an own network; return each epoch's metrics, and its parameters."""
    training, found = Training(dataset, *SMALL), []
    for record in train_epochs(
        training.net,
        training.trainer,
        dataset.train,
        {"val": dataset.val},
        metrics=[measured_metric("accuracy")],
        batch_size=batch_size,
        seed=SEED,
        epochs=epochs,
        context=mx.cpu(),
        loss=CROSS_ENTROPY,
        transforms=chosen,
    ):
        metrics = {key: value for key, value in record.metrics.items() if key not in TIMES}
        found.append((record.epoch, metrics, training.parameters()))
    return found


@pytest.mark.parametrize("epoch", [1, 2])
def test_it_trains_on_the_changed_images_and_validates_on_the_others(dataset, epoch):
    train, chosen = dataset.train, transforms(AUGMENT, dataset.train.images)
    order = train.index[np.random.RandomState([SEED, epoch]).permutation(len(train))]
    images = train.images.copy()
    images[order] = seeded(chosen, SEED, epoch)(train.images[order])
    by_hand = replace(dataset, train=replace(train, images=images))
    one, other = range(epoch, epoch + 1), range(epoch, epoch + 1)
    assert_equal_bits(trained(dataset, one, chosen), trained(by_hand, other))


def test_it_goes_on_with_the_same_bits_and_changes_no_image(dataset):
    chosen, before = transforms(AUGMENT, dataset.train.images), dataset.train.images.copy()
    whole = trained(dataset, range(1, 4), chosen)
    np.random.seed(1)
    assert_equal_bits(trained(dataset, range(1, 4), chosen), whole)
    assert (dataset.train.images == before).all()
    losses = {metrics["train/loss"] for _, metrics, _ in whole}
    assert len(losses) == 3


def test_images_that_are_not_changed_stay_where_they_are(dataset):
    feeds = _feeds(dataset.train, mx.cpu(), SEED, (), None)
    assert isinstance(feeds(1), Resident)
    assert feeds(1) is feeds(2)
    changed = _feeds(dataset.train, mx.cpu(), SEED, transforms(AUGMENT, dataset.train.images), None)
    assert isinstance(changed(1), Hosted)
