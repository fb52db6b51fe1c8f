"""The presets of books and papers have the numbers of their sources."""

import pytest

from sweep.config.compose import load
from sweep.config.params import params
from sweep.networks.build import parameter_count

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
    ],
)
def test_the_books_networks_have_their_parameters(preset, count):
    assert parameter_count(load(f"experiment={preset}").model.build((1, 28, 28), 10)) == count
