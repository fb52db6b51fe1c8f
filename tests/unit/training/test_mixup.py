"""Images mixed in pairs, compared with a loop of NumPy; and what is trained of them."""

import functools
from dataclasses import replace

import numpy as np
import pytest
from epochwise import CROSS_ENTROPY, split_of, synthetic
from numpy.random import RandomState
from pydantic import TypeAdapter

from sweep.backend.mxnet import gluon, mx, nd
from sweep.config.compose import load
from sweep.config.metrics import measured_metric
from sweep.config.schema import Augment
from sweep.data.augment import seeded, transforms
from sweep.data.mixup import Mixup
from sweep.networks.build import build_network
from sweep.training.mixed import EagerMixedSums, MixedFeed, MixedSums, mixed_sums
from sweep.training.session import Training
from sweep.training.state import parameters

loaded = functools.cache(load)
MLP = ("model.hidden=[6]", "batch_size=16", "augment.mixup=0.4")


def by_loop(images, labels, alpha, rng):
    """Mix a batch image by image."""
    shares = [np.float32(rng.beta(alpha, alpha)) for _ in images]
    partners = rng.permutation(len(images))
    found = []
    for number, (share, partner) in enumerate(zip(shares, partners, strict=True)):
        rest = np.float32(1) - share
        mixed = images[number] * share + images[partner] * rest
        if images.dtype == np.uint8:
            mixed = np.rint(mixed).astype(np.uint8)
        pair = (labels[number], labels[partner])
        main, other = pair if share >= rest else pair[::-1]
        found.append((mixed, main, other, max(share, rest)))
    return [np.array(each) for each in zip(*found, strict=True)]


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("alpha", [0.2, 1.0, 5.0])
def test_a_batch_is_what_a_loop_makes_of_it(alpha, dtype):
    random = RandomState(1)
    images = random.randint(0, 256, (50, 3, 4, 5)).astype(dtype)
    labels = random.randint(0, 10, 50).astype(np.uint8)
    before = images.copy()
    found = Mixup(alpha).mix(images, labels, RandomState(7))
    expected = by_loop(images, labels, alpha, RandomState(7))
    for one, other in zip(found, expected, strict=True):
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
        assert (one == other).all()
    mixed, main, other, shares = found
    assert (mixed.dtype, main.dtype, shares.dtype) == (dtype, np.uint8, np.float32)
    assert (images == before).all()
    assert shares.min() >= 0.5 and shares.max() <= 1
    assert (main != other).any()


def test_a_small_alpha_mixes_little_and_a_large_one_half_and_half():
    images = np.zeros((2000, 1, 1, 1), np.float32)
    means = [
        Mixup(alpha).mix(images, np.arange(2000), RandomState(0))[3].mean()
        for alpha in (0.01, 1, 100)
    ]
    # The mean of the larger share: nearly 1; of two uniform parts, 3/4; nearly 1/2.
    np.testing.assert_allclose(means, [1, 0.75, 0.5], atol=0.03)


def test_one_image_alone_stays_itself():
    images, labels = np.full((1, 1, 2, 2), 7, np.uint8), np.array([3])
    mixed, main, other, _ = Mixup(1.0).mix(images, labels, RandomState(0))
    assert (mixed == images).all() and main == other == 3


def test_a_feed_mixes_what_other_augmentation_has_made_of_images():
    split = split_of(20, 1, among=30)
    none = dict.fromkeys(("flip", "crop", "shift", "rotate", "cutout", "brightness", "contrast"))
    augment = TypeAdapter(Augment).validate_python({**none, "flip": True, "mixup": 0.5})
    chosen = transforms(augment, split.images)
    assert [each.name for each in chosen] == ["flip"]
    order, mixup = np.arange(20)[::-1], Mixup(0.5)
    feed = MixedFeed(split, mx.cpu(), seeded(chosen, 3, 2), mixup, mixup.generator(3, 2))
    found = [tuple(each.asnumpy() for each in batch) for batch in feed.batches(order, 8)]
    flip, rng = seeded(chosen, 3, 2), RandomState([3, 2, *b"mixup"])
    assert [len(batch[0]) for batch in found] == [8, 8, 4]
    for start, batch in zip((0, 8, 16), found, strict=True):
        rows = split.index[order[start : start + 8]]
        expected = by_loop(flip(split.images[rows]), split.labels[rows], 0.5, rng)
        for one, other in zip(batch, expected, strict=True):
            assert (one == other).all()


@pytest.mark.parametrize("kind", [MixedSums, EagerMixedSums])
def test_the_loss_is_that_of_both_labels_by_their_shares(kind):
    net = build_network(loaded(*MLP).model, (1, 28, 28), 10, seed=0, context=mx.cpu())
    random = RandomState(0)
    images = random.uniform(size=(9, 1, 28, 28)).astype(np.float32)
    main, other = random.randint(0, 10, (2, 9)).astype(np.uint8)
    shares = random.uniform(0.5, 1, 9).astype(np.float32)
    step = kind(net, CROSS_ENTROPY.build(), [measured_metric("accuracy")], images.dtype)
    loss, right = (each.asscalar() for each in step(*map(nd.array, (images, main, other, shares))))
    scores = net(nd.array(images)).asnumpy().astype(np.float64)
    logs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    rows = np.arange(9)
    expected = -(shares * logs[rows, main] + (1 - shares) * logs[rows, other]).sum()
    assert loss == pytest.approx(expected, rel=1e-5)
    assert right == (scores.argmax(axis=1) == main).sum()


def test_a_network_that_runs_eagerly_has_eager_sums():
    net = gluon.nn.Sequential()
    assert isinstance(mixed_sums(net, CROSS_ENTROPY, [], np.dtype(np.float32)), EagerMixedSums)


def trained(*given, **others):
    config = replace(loaded(*MLP, *given), context="cpu", epochs=2, **others)
    training = Training(config, synthetic(), mx.cpu())
    records = [each.records[-1].metrics for each in training.epochs()]
    arrays = [each.data().asnumpy().tobytes() for each in parameters(training.net).values()]
    return [each["train/loss"] for each in records], arrays


def test_the_same_seed_trains_to_the_same_bits_and_other_alphas_to_others():
    losses, arrays = trained()
    np.random.seed(1)
    assert trained() == (losses, arrays)
    for other in (["augment.mixup=0.5"], ["augment.mixup=null"], ["seed=1"]):
        assert trained(*other)[1] != arrays
