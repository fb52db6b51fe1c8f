"""The presets of books and papers have the numbers of their sources."""

import math
from dataclasses import replace

import pytest
from epochwise import synthetic

from sweep.backend.mxnet import mx
from sweep.config.compose import load
from sweep.config.params import params
from sweep.networks.build import parameter_count
from sweep.training.session import Training

BOOK = {  # Dive into Deep Learning, Gluon edition (2019): 3.7, 3.10 and 5.5
    "dataset.name": "fashion_mnist",
    "dataset.val_size": "0",
    "test_every_epoch": "true",
    "batch_size": "256",
    "epochs": "5",
    "optim.name": "sgd",
    "optim.wd": "0.0",
    "optim.momentum": "0.0",
}
NORMAL = {"model.init": "normal", "model.init_scale": "0.01"}
NO_EXTRAS = {"model.dropout": "0.0", "model.batch_norm": "false"}
PRESETS = {
    "book_softmax": {**BOOK, **NORMAL, "model.name": "linear", "optim.lr": "0.1"},
    "book_mlp": {
        **BOOK,
        **NORMAL,
        **NO_EXTRAS,
        "model.name": "mlp",
        "model.hidden": "[256]",
        "model.activation": "relu",
        "model.output_activation": "null",
        "optim.lr": "0.5",
    },
    "book_lenet": {
        **BOOK,
        **NO_EXTRAS,
        "model.name": "lenet",
        "model.channels": "[6, 16]",
        "model.kernels": "[5, 5]",
        "model.pooling": "max",
        "model.pool_size": "2",
        "model.pool_stride": "2",
        "model.hidden": "[120, 84]",
        "model.activation": "sigmoid",
        "model.output_activation": "null",
        "model.init": "xavier",
        "model.init_scale": "null",
        "optim.lr": "0.9",
    },
    # 5.6 to 5.12, smaller
    "book_alexnet": {**BOOK, "model.name": "alexnet", "batch_size": "128", "optim.lr": "0.01"},
    "book_vgg": {**BOOK, "model.name": "vgg", "batch_size": "128", "optim.lr": "0.05"},
    "book_nin": {**BOOK, "model.name": "nin", "batch_size": "128", "optim.lr": "0.1"},
    "book_googlenet": {**BOOK, "model.name": "googlenet", "batch_size": "128", "optim.lr": "0.1"},
    "book_resnet": {**BOOK, "model.name": "resnet", "optim.lr": "0.05"},
    "book_densenet": {**BOOK, "model.name": "densenet", "optim.lr": "0.1"},
    "linear_regression_2017": {  # d2l-zh, chapter_supervised-learning/reg-gluon.md
        "model.name": "linear",
        "model.init": "normal",
        "model.init_scale": "1.0",
        "loss.name": "l2",
        "batch_size": "1",
        "epochs": "10",
        "optim.name": "sgd",
        "optim.lr": "0.005",
        "optim.wd": "5.0",
        "optim.momentum": "0.0",
        "dataset.name": "linear_2017",
        "dataset.val_size": "0",
        "test_every_epoch": "true",
    },
    "resnet20": {  # He et al. (2015), 4.2
        "model.name": "resnet",
        "model.channels": "[16, 32, 64]",
        "model.blocks": "[3, 3, 3]",
        "model.shortcut": "padding",
        "model.stem": "small",
        "model.init": "he",
        "model.batch_norm": "true",
        "model.dropout": "0.0",
        "batch_size": "128",
        "epochs": "182",  # 64,000 steps of 128 images, 45,000 an epoch
        "optim.lr": "0.1",
        "optim.momentum": "0.9",
        "optim.wd": "0.0001",
        "augment.crop": "4",
        "augment.flip": "true",
        "test_every_epoch": "false",
        "dataset.name": "cifar10",
        "dataset.val_size": "5000",
        "dataset.normalize": "standard",
        "schedule.name": "multistep",
        "schedule.milestones": "[91, 137]",  # 32,000 and 48,000 steps
        "schedule.gamma": "0.1",
    },
}


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_has_its_sources_numbers(preset):
    found = params(load(f"experiment={preset}"))
    expected = {**PRESETS[preset], "preset": preset}
    assert {key: found[key] for key in expected} == expected


@pytest.mark.parametrize(
    ("preset", "count"),
    [
        ("book_softmax", 7_850),
        ("book_mlp", 203_530),  # 784·256 + 256 + 256·10 + 10
        # 6·25 + 6 + 16·6·25 + 16 + 256·120 + 120 + 120·84 + 84 + 84·10 + 10; sides 28 → 12 → 4
        ("book_lenet", 44_426),
        # The others are counted by these formulas, from the book's lists of layers, made smaller.
        # A convolution or a dense layer is c(i, o, k) = i·o·k² + o.
        # c(1,16,5) c(16,32,5) c(32,48,3) c(48,48,3) c(48,32,3) c(128,256) c(256,256) c(256,10)
        ("book_alexnet", 163_146),
        # c(1,16,3) c(16,32,3) c(32,64,3) c(64,64,3) c(64,128,3) c(128,128,3), dense as before
        ("book_vgg", 383_050),
        # each block c(i,o,k) and c(o,o,1) twice: (1,16,5), (16,32,5), (32,64,3), (64,10,3)
        ("book_nin", 48_710),
        # the book's blocks with a quarter of the channels, six convolutions each
        ("book_googlenet", 377_478),
        # 2·o of batch normalisation after each 3×3 or 7×7; biases in the projections alone
        ("book_resnet", 701_594),
        # batch normalisation before each convolution; the first of all has no bias
        ("book_densenet", 136_146),
    ],
)
def test_the_books_networks_have_their_parameters(preset, count):
    assert parameter_count(load(f"experiment={preset}").model.build((1, 28, 28), 10)) == count


COLOUR = {"resnet20": (3, 32, 32)}
SHORTER = {"resnet20": ("schedule.milestones=[1]",)}


@pytest.mark.parametrize("preset", [each for each in PRESETS if each != "linear_regression_2017"])
def test_a_preset_trains(preset):
    given = (f"experiment={preset}", "epochs=2", "batch_size=8", *SHORTER.get(preset, ()))
    config = replace(load(*given), context="cpu")
    held_out = 8 if config.dataset.val_size else 0
    images = synthetic(16, held_out, 8, COLOUR.get(preset, (1, 28, 28)))
    training = Training(config, images, mx.cpu())
    before = bits(training.net)
    *_, last = training.epochs()
    measured = {**last.records[-1].metrics, **training.conclude()}
    assert all(math.isfinite(measured[name]) for name in ("train/loss", "test/loss"))
    assert {key for key, value in bits(training.net).items() if value != before[key]} == {*before}


def bits(net):
    return {
        key: each.data().asnumpy().tobytes()
        for key, each in net._collect_params_with_prefix().items()
        if each.grad_req != "null" and key.endswith("weight")
    }
