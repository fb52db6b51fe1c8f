"""Losses by value, and by the gradients that they give, in a graph and eagerly."""

import numpy as np
import pytest

from sweep.backend.mxnet import autograd, gluon, nd
from sweep.networks.blocks.eager import Eager
from sweep.training.batches import BatchSums, EagerSums, batch_sums
from sweep.training.losses.hinge import Hinge
from sweep.training.losses.huber import Huber
from sweep.training.losses.l1 import L1
from sweep.training.losses.l2 import L2
from sweep.training.losses.softmax_cross_entropy import SoftmaxCrossEntropy
from sweep.training.losses.squared_hinge import SquaredHinge

RANDOM = np.random.RandomState(3)
SCORES = RANDOM.normal(scale=2, size=(7, 4)).astype(np.float32)
CLASSES = np.array([0, 3, 1, 1, 2, 0, 3])
NUMBERS = RANDOM.normal(scale=2, size=(7, 4)).astype(np.float32)
STEP = 1e-5


def cross_entropy(smoothing):
    def value(scores):
        truth = np.eye(4)[CLASSES] * (1 - smoothing) + smoothing / 4
        shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        return -(truth * np.log(shares)).sum(axis=1)

    return value


def lacking(scores, margin):
    return np.maximum(margin - scores * (2 * np.eye(4)[CLASSES] - 1), 0)


def huber(rho):
    def value(scores):
        errors = np.abs(scores - NUMBERS)
        squared, absolute = errors**2 / (2 * rho), errors - rho / 2
        return np.where(errors > rho, absolute, squared).mean(axis=1)

    return value


LOSSES = {  # with the labels that each is given, and its formula
    "cross-entropy": (SoftmaxCrossEntropy("softmax_cross_entropy", 0.0), CLASSES, cross_entropy(0)),
    "smoothed": (SoftmaxCrossEntropy("softmax_cross_entropy", 0.3), CLASSES, cross_entropy(0.3)),
    "hinge": (Hinge("hinge", 1.5), CLASSES, lambda s: lacking(s, 1.5).mean(axis=1)),
    "squared hinge": (
        SquaredHinge("squared_hinge", 0.7),
        CLASSES,
        lambda s: (lacking(s, 0.7) ** 2).mean(axis=1),
    ),
    "l2": (L2("l2"), NUMBERS, lambda s: ((s - NUMBERS) ** 2 / 2).mean(axis=1)),
    "l1": (L1("l1"), NUMBERS, lambda s: np.abs(s - NUMBERS).mean(axis=1)),
    "huber": (Huber("huber", 0.8), NUMBERS, huber(0.8)),
}


@pytest.mark.parametrize("in_a_graph", [True, False])
@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_and_its_gradient_are_those_of_its_formula(name, in_a_graph):
    loss, labels, formula = LOSSES[name]
    block = loss.build()
    if in_a_graph:
        block.hybridize(static_alloc=True, static_shape=True)
    scores, truth = nd.array(SCORES), nd.array(labels, dtype="float32")
    scores.attach_grad()
    with autograd.record():
        found = block(scores, truth)
    found.backward()
    exact = SCORES.astype(np.float64)
    np.testing.assert_allclose(found.asnumpy(), formula(exact), rtol=1e-4)
    slopes = np.zeros_like(exact)
    for column in range(4):
        step = STEP * np.eye(4)[column]
        slopes[:, column] = (formula(exact + step) - formula(exact - step)) / (2 * STEP)
    np.testing.assert_allclose(scores.grad.asnumpy(), slopes, rtol=1e-3, atol=1e-5)


def test_the_usual_loss_is_gluons_own():
    assert type(LOSSES["cross-entropy"][0].build()) is gluon.loss.SoftmaxCrossEntropyLoss


@pytest.mark.parametrize("name", ["l2", "l1", "huber"])
def test_one_number_may_be_predicted(name):
    block = LOSSES[name][0].build()
    found = block(nd.array(SCORES[:, :1]), nd.array(NUMBERS[:, :1]))
    assert found.shape == (7,)


@pytest.mark.parametrize("name", LOSSES)
def test_a_batch_has_the_same_sums_in_a_graph_and_eagerly(name):
    loss, labels, formula = LOSSES[name]
    net = gluon.nn.HybridSequential()
    net.add(gluon.nn.Flatten())
    images, truth = nd.array(SCORES[:, None, None]), nd.array(labels, dtype="float32")
    sums = [batch_sums(each, loss, [], np.dtype(np.float32)) for each in (net, Eager(net))]
    assert [type(each) for each in sums] == [BatchSums, EagerSums]
    for each in sums:
        (found,) = each(images, truth)
        assert found.asscalar() == pytest.approx(formula(SCORES.astype(float)).sum(), rel=1e-4)
