"""Parameters that are not trained stay what they were, to the bit, whatever trains the others."""

import functools
from dataclasses import replace

import numpy as np
import pytest
from epochwise import synthetic

from sweep.backend.mxnet import autograd, gluon, mx, nd
from sweep.config.choices import OPTIMIZERS
from sweep.config.compose import load
from sweep.errors import UserError
from sweep.networks.build import build_network, initialized, parameter_count
from sweep.networks.frozen import freeze
from sweep.networks.summary import parameter_table
from sweep.training.session import Training
from sweep.training.state import parameters

LENET = ("model=lenet", "model.channels=[2,3]", "model.hidden=[4]", "model.batch_norm=true")
GREY = (1, 28, 28)
loaded = functools.cache(load)


def bits(net):
    return {key: each.data().asnumpy().tobytes() for key, each in parameters(net).items()}


def trained(*given, epochs=1):
    """Return the parameters before and after training, and the epochs' metrics."""
    config = replace(loaded(*given, "batch_size=16", "optim.lr=0.05"), context="cpu", epochs=epochs)
    training = Training(config, synthetic(), mx.cpu())
    before = bits(training.net)
    records = [each.records[-1] for each in training.epochs()]
    return before, bits(training.net), [each.metrics["train/loss"] for each in records]


def changed(before, after):
    return {key for key, each in before.items() if after[key] != each}


ALL = {*parameters(build_network(loaded(*LENET).model, GREY, 10, seed=0, context=mx.cpu()))}
FIRST = {"0.weight", "1.gamma", "1.beta", "1.running_mean", "1.running_var"}


@pytest.mark.parametrize(
    "given",
    [
        *([f"optim={name}"] for name in OPTIMIZERS.names()),
        ["optim.wd=0.1", "optim.momentum=0.9"],
        ["optim.wd=0.1", "optim.wd_on=weights"],
        ["optim.clip_norm=0.01", "optim.wd=0.1"],
        ["optim=lamb", "optim.clip_norm=0.01", "optim.wd=0.1"],
    ],
    ids=" ".join,
)
def test_what_is_frozen_keeps_its_bits_and_the_rest_is_trained(given):
    before, after, _ = trained(*LENET, *given, "freeze=['0.*','1.*']")
    assert changed(before, after) == ALL - FIRST


def by_hand(*given, frozen):
    """Return what one step of SGD on all images would make of the parameters."""
    config = loaded(*given)
    net = build_network(config.model, GREY, 10, seed=0, context=mx.cpu())
    train = synthetic().train
    rows = train.index[np.random.RandomState([0, 1]).permutation(len(train))]
    with autograd.record():
        scores = net(nd.array(train.images[rows]))
        loss = gluon.loss.SoftmaxCrossEntropyLoss()(scores, nd.array(train.labels[rows])).sum()
    loss.backward()
    learning = {key: each for key, each in parameters(net).items() if key not in frozen}
    gradients = {key: each.grad().asnumpy() / len(rows) for key, each in learning.items()}
    norm = np.sqrt(sum((each.astype(np.float64) ** 2).sum() for each in gradients.values()))
    factor = min(1.0, config.optim.clip_norm / norm) if config.optim.clip_norm else 1.0
    found = {key: each.data().asnumpy() for key, each in parameters(net).items()}
    for key, gradient in gradients.items():
        decayed = gradient * factor + config.optim.wd * found[key]
        found[key] = found[key] - config.optim.lr * decayed
    return found


@pytest.mark.parametrize("more", [[], ["optim.clip_norm=0.1"]], ids=["free", "clipped"])
@pytest.mark.parametrize("frozen", ["0.weight", "0.bias", "1.weight", "1.bias"])
def test_the_other_parameters_are_trained_as_by_hand(frozen, more):
    """Also those of a dense layer of which a part is frozen, where MXNet would not."""
    given = ("model.hidden=[6]", "batch_size=53", "optim.wd=0.01", "optim.lr=0.3", *more)
    config = replace(loaded(*given, f"freeze=[{frozen}]"), context="cpu", epochs=1)
    training = Training(config, synthetic(), mx.cpu())
    list(training.epochs())
    expected = by_hand(*given, frozen=[frozen])
    for key, each in parameters(training.net).items():
        np.testing.assert_allclose(each.data().asnumpy(), expected[key], atol=1e-6, err_msg=key)
    assert np.abs(expected["1.bias"]).max() > 0.001 or frozen == "1.bias"


def test_no_gradient_is_computed_of_layers_that_are_frozen():
    net = build_network(loaded(*LENET).model, GREY, 10, seed=0, context=mx.cpu())
    freeze(net, ["0.*", "1.*", "4.*", "5.*", "8.weight", "11.weight"])
    computed = {key for key, each in parameters(net).items() if each.grad_req != "null"}
    assert computed == {"9.gamma", "9.beta", "11.weight", "11.bias"}


def test_a_batch_norm_counts_on_unless_its_means_are_frozen():
    before, after, _ = trained(*LENET, "freeze=['1.gamma','1.beta']")
    assert changed(before, after) == ALL - {"1.gamma", "1.beta"}
    before, after, _ = trained(*LENET, "freeze=['0.*','1.gamma','1.beta']")  # and all below it
    below = {key for key in ALL if key.startswith("0.")}
    assert changed(before, after) == ALL - below - {"1.gamma", "1.beta"}
    before, after, _ = trained(*LENET, "freeze=['*.running_*']")
    assert changed(before, after) == {key for key in ALL if "running" not in key}


def test_a_frozen_batch_norm_computes_as_in_evaluation():
    net = build_network(loaded(*LENET).model, GREY, 10, seed=0, context=mx.cpu())
    images = nd.array(np.random.RandomState(0).uniform(size=(4, *GREY)))
    with autograd.train_mode():
        usual = net(images).asnumpy()
    freeze(net, ["*.running_*"])
    with autograd.train_mode():
        frozen = net(images).asnumpy()
    assert (frozen == net(images).asnumpy()).all()
    assert (frozen != usual).any()


class Hybridized(gluon.Block):
    """A network that runs eagerly, but for a part of it whose shapes its first images decide."""

    def __init__(self):
        super().__init__()
        self.features = gluon.nn.HybridSequential()
        self.features.add(gluon.nn.Conv2D(2, 5), gluon.nn.BatchNorm(), gluon.nn.Dense(3))
        self.features.hybridize()
        self.scores = gluon.nn.Dense(10)

    def forward(self, x):
        return self.scores(self.features(x))


def test_also_where_a_part_of_the_network_was_hybridized_and_traced_before():
    net = initialized(Hybridized(), mx.init.Xavier(), GREY, mx.cpu())
    images = nd.array(np.random.RandomState(0).uniform(size=(4, *GREY)))
    freeze(net, ["*.running_*"])
    before, evaluated = bits(net), net(images).asnumpy()
    with autograd.record():
        scores = net(images)
    scores.backward()
    assert (scores.asnumpy() == evaluated).all()
    assert changed(before, bits(net)) == set()


def test_the_number_of_parameters_is_that_of_the_trained():
    net = build_network(loaded(*LENET).model, GREY, 10, seed=0, context=mx.cpu())
    assert parameter_count(net) == 50 + 4 + 150 + 6 + 48 * 4 + 8 + 40 + 10
    freeze(net, ["0.*", "1.*"])
    assert parameter_count(net) == 150 + 6 + 48 * 4 + 8 + 40 + 10


def test_the_table_of_parameters_tells_what_is_trained():
    net = build_network(loaded("model.hidden=[6]").model, GREY, 10, seed=0, context=mx.cpu())
    freeze(net, ["0.weight"])
    assert parameter_table(net).splitlines() == [
        "parameter  shape  values",
        "0.weight   6×784   4,704  not trained",
        "0.bias     6           6  trained",
        "1.weight   10×6       60  trained",
        "1.bias     10         10  trained",
        "all                4,780  76 trained",
    ]


def test_a_parameter_that_is_in_two_places_counts_once():
    net = gluon.nn.HybridSequential()
    first = gluon.nn.Dense(3, in_units=3)
    net.add(first, gluon.nn.Dense(3, in_units=3, params=first.params))
    assert parameter_table(net).splitlines()[-1].split() == ["all", "12", "12", "trained"]


# --- what does not fit ---


def refusal(*patterns):
    net = build_network(loaded(*LENET).model, GREY, 10, seed=0, context=mx.cpu())
    with pytest.raises(UserError) as found:
        freeze(net, patterns)
    return str(found.value)


def test_a_pattern_that_fits_nothing_is_named_with_what_there_is():
    assert refusal("0.*", "conv*") == (
        "freeze=[0.*,conv*]: conv* fits no parameter; allowed are patterns as in file names "
        "(*, ?) of 0.weight, 1.gamma, 1.beta, 1.running_mean, 1.running_var, 4.weight, 5.gamma, "
        "5.beta, 5.running_mean, 5.running_var, 8.weight, 9.gamma and 5 more"
    )
    assert refusal("0.wieght").startswith(
        "freeze=[0.wieght]: 0.wieght fits no parameter (did you mean 0.weight?); allowed are"
    )


def test_something_must_be_left_to_train():
    for patterns in (["*"], ["*.weight", "*.bias", "*.gamma", "*.beta"]):
        assert refusal(*patterns) == (
            f"freeze=[{','.join(patterns)}]: leaves nothing to train; allowed are patterns that "
            "leave one of 0.weight, 1.gamma, 1.beta, 4.weight, 5.gamma, 5.beta, 8.weight, 9.gamma, "
            "9.beta, 11.weight, 11.bias"
        )
