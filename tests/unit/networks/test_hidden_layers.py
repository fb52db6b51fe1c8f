"""Dropout and batch normalisation in the multilayer perceptron and in LeNet."""

import functools

import numpy as np
import pytest

from sweep.backend.mxnet import autograd, mx, nd
from sweep.config.compose import load
from sweep.networks.build import architecture, build_network, parameter_count
from sweep.networks.summary import layers

loaded = functools.cache(load)
SHAPE = (1, 12, 12)
MLP = ("model=mlp", "model.hidden=[16,8]")
LENET = ("model=lenet", "model.channels=[4,6]", "model.kernels=[3,3]", "model.hidden=[8]")


def build(*overrides):
    return build_network(loaded(*overrides).model, SHAPE, 10, seed=3, context=mx.cpu())


def kinds(*overrides):
    found = layers(architecture(loaded(*overrides).model, SHAPE, 10), SHAPE)
    return [each.kind.split()[0] for each in found if each.kind not in ("Flatten", "slice_axis")]


def images(count):
    return nd.array(np.random.RandomState(1).rand(count, *SHAPE))


HIDDEN = ["FullyConnected", "Activation"]
NORMALIZED = ["FullyConnected", "BatchNorm", "Activation"]


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (MLP, [*HIDDEN * 2, "FullyConnected"]),
        ((*MLP, "model.dropout=0.5"), [*[*HIDDEN, "Dropout"] * 2, "FullyConnected"]),
        ((*MLP, "model.batch_norm=true"), [*NORMALIZED * 2, "FullyConnected"]),
        (
            (*MLP, "model.batch_norm=true", "model.dropout=0.5"),
            [*[*NORMALIZED, "Dropout"] * 2, "FullyConnected"],
        ),
        (
            (*LENET, "model.dropout=0.5"),
            [*["Convolution", "Pooling", "Activation"] * 2, *HIDDEN, "Dropout", "FullyConnected"],
        ),
        (
            (*LENET, "model.batch_norm=true"),
            [
                *["Convolution", "BatchNorm", "Pooling", "Activation"] * 2,
                *NORMALIZED,
                "FullyConnected",
            ],
        ),
    ],
)
def test_where_they_stand(overrides, expected):
    assert kinds(*overrides) == expected


def test_a_bias_that_would_be_taken_away_again_is_not_there():
    # 144·16 + 16·8 weights, 2 values for each hidden unit, and 8·10 + 10
    assert parameter_count(build(*MLP, "model.batch_norm=true")) == 2304 + 128 + 48 + 90
    # 4·9 + 6·4·9, 2·(4 + 6); 10/2 = 5, 3/2 = 1: 6·8 weights, 2·8, and 8·10 + 10
    assert parameter_count(build(*LENET, "model.batch_norm=true")) == 36 + 216 + 20 + 48 + 16 + 90


@pytest.mark.parametrize("network", [MLP, LENET])
def test_dropout_changes_no_first_weight_and_no_answer(network):
    plain, dropped = build(*network), build(*network, "model.dropout=0.5")
    one, other = (
        [each.data().asnumpy() for each in net.collect_params().values()]
        for net in (plain, dropped)
    )
    for source, target in zip(one, other, strict=True):
        assert source.tobytes() == target.tobytes()
    assert list(plain.collect_params()) == list(dropped.collect_params())
    x = images(4)
    assert plain(x).asnumpy().tobytes() == dropped(x).asnumpy().tobytes()
    with autograd.train_mode():
        assert (plain(x).asnumpy() != dropped(x).asnumpy()).any()


def test_dropout_sets_its_part_of_the_values_to_zero_and_enlarges_the_others():
    net = build(
        "model=mlp", "model.hidden=[4000]", "model.dropout=0.25", "model.activation=sigmoid"
    )
    x = images(1)
    mx.random.seed(5)
    with autograd.train_mode():
        hidden, dropped = net[0](x), net[1](net[0](x))
    kept = (dropped / hidden).asnumpy()
    assert set(kept.ravel().round(4)) == {0, np.float32(4 / 3).round(4)}
    assert (kept == 0).mean() == pytest.approx(0.25, abs=0.03)


@pytest.mark.parametrize("network", [MLP, LENET])
def test_an_image_is_answered_by_running_means_whatever_else_is_in_its_batch(network):
    net = build(*network, "model.batch_norm=true")
    x = images(8)
    for _ in range(3):
        with autograd.record():
            net(x).sum().backward()
    alone, among = net(x[:1]).asnumpy(), net(x).asnumpy()[:1]
    np.testing.assert_allclose(alone, among, rtol=1e-5, atol=1e-6)
    with autograd.train_mode():
        assert np.abs(net(x).asnumpy()[:1] - among).max() > 1e-3


def test_running_means_are_moved_by_a_tenth():
    net = build(*MLP, "model.batch_norm=true")
    x = images(8)
    before = net[0](x).asnumpy()
    with autograd.record():
        net(x).sum().backward()
    found = {key: each.data().asnumpy() for key, each in net.collect_params(".*running.*").items()}
    mean, variance = before.mean(axis=0), before.var(axis=0)
    np.testing.assert_allclose(
        found["mlp_batchnorm0_running_mean"], 0.1 * mean, rtol=1e-4, atol=1e-6
    )
    np.testing.assert_allclose(
        found["mlp_batchnorm0_running_var"], 0.9 + 0.1 * variance, rtol=1e-4, atol=1e-6
    )
