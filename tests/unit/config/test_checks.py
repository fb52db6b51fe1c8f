"""What has to fit together, in a configuration and with the images that are there."""

import pytest

from sweep.config.checks import check_images
from sweep.config.compose import load
from sweep.config.metrics import METRICS, Metric, register
from sweep.errors import UserError

GREY_28 = (1, 28, 28)


def message(act, *arguments):
    with pytest.raises(UserError) as raised:
        act(*arguments)
    return str(raised.value)


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (
            ("dataset.val_size=4000",),
            "dataset.val_size=4000: leaves nothing to train on; mnist_5k has 4,000 training "
            "images, so at most 3999 can be held out",
        ),
        (
            ("batch_size=3501",),
            "batch_size=3501: beyond the training set; mnist_5k has 4,000 training images, 500 of "
            "them held out for validation, so at most 3500 is allowed",
        ),
        (
            ("model=lenet", "model.kernels=[5]"),
            "model.kernels=[5]: there must be one for each of model.channels=[20, 50], and at "
            "least one",
        ),
        (
            ("model=lenet", "model.kernels=[]", "model.channels=[]"),
            "model.kernels=[]: there must be one for each of model.channels=[], and at least one",
        ),
        (
            ("model=lenet", "model.kernels=[5,13]"),
            "model.kernels=[5, 13]: nothing is left of the 28×28 image; its size after each "
            "pooling would be [12×12, 0×0]; allowed are smaller kernels, model.pool_size or "
            "model.pool_stride",
        ),
    ],
)
def test_what_does_not_fit_the_images(overrides, expected):
    assert message(check_images, load(*overrides), 4_000, GREY_28) == expected


@pytest.mark.parametrize(
    "overrides",
    [
        ("dataset.val_size=3999", "batch_size=1"),
        ("batch_size=3500",),
        ("model=lenet", "model.kernels=[5,11]", "model.pool_size=2"),
    ],
)
def test_what_just_fits(overrides):
    check_images(load(*overrides), 4_000, GREY_28)


def test_a_narrow_image_is_too_small_though_it_is_high():
    config = load("model=lenet")
    check_images(config, 4_000, (3, 99, 16))
    expected = (
        "model.kernels=[5, 5]: nothing is left of the 99×15 image; its size after each pooling "
        "would be [47×5, 21×0]; allowed are smaller kernels, model.pool_size or model.pool_stride"
    )
    assert message(check_images, config, 4_000, (3, 99, 15)) == expected


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (
            ("metrics=[acuracy]",),
            "metrics=[acuracy] (did you mean accuracy?): allowed is a list of accuracy",
        ),
        (("metrics=[loss]",), "metrics=[loss]: allowed is a list of accuracy"),
        (
            ("metrics=[accuracy,accuracy]",),
            "metrics=[accuracy,accuracy]: accuracy is there twice; allowed is each once",
        ),
        (("metrics=accuracy",), "metrics=accuracy: allowed is a list of texts, as in [a,b]"),
        (("monitor=loss",), "monitor=loss: allowed is val/accuracy or val/loss"),
        (("monitor=test/loss",), "monitor=test/loss: allowed is val/accuracy or val/loss"),
        (("metrics=[]",), "monitor=val/accuracy: allowed is val/loss"),
        (
            ("search.objectives=[val/accuracy,size]",),
            "search.objectives=[val/accuracy,size]: allowed is null, or a list of "
            "val/accuracy, val/loss, train/accuracy, train/loss, epoch_seconds, images_per_second",
        ),
        (
            ("dataset.val_size=0",),
            "dataset.val_size=0: leaves nothing to validate on; allowed is 1 or more, or 0 with "
            "test_every_epoch=true, which measures on the test set after every epoch",
        ),
        (
            ("dataset.val_size=0", "test_every_epoch=true", "early_stopping.patience=2"),
            "early_stopping.patience=2: there is nothing to stop by with dataset.val_size=0; "
            "allowed is null, or hold images out",
        ),
    ],
)
def test_fields_that_do_not_fit_each_other(overrides, expected):
    assert message(load, *overrides) == expected


def test_a_metric_of_ones_own_can_be_measured_and_monitored(monkeypatch):
    monkeypatch.setattr(METRICS, "_choices", dict(METRICS._choices))
    register(Metric("top5_accuracy", "max", lambda F, scores, labels: F.sum(labels)))
    config = load("metrics=[accuracy,top5_accuracy]", "monitor=val/top5_accuracy")
    assert (config.metrics, config.monitor) == (("accuracy", "top5_accuracy"), "val/top5_accuracy")
    expected = "monitor=val/top5: allowed is val/accuracy, val/top5_accuracy or val/loss"
    assert message(load, "metrics=[accuracy,top5_accuracy]", "monitor=val/top5") == expected
    assert message(load, "monitor=val/top5_accuracy").endswith("val/accuracy or val/loss")
    config = load("metrics=[top5_accuracy]", "monitor=val/top5_accuracy")
    assert load("metrics=[accuracy]") != config


def test_images_that_a_dataset_has_to_validate_on_count_as_held_out():
    config = load("batch_size=60")
    check_images(config, 100, GREY_28, held_out=40)
    assert message(check_images, config, 100, GREY_28, 41) == (
        "batch_size=60: beyond the training set; mnist_5k has 100 training images, 41 of them held "
        "out for validation, so at most 59 is allowed"
    )
