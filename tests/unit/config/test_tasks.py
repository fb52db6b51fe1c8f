"""What a dataset is read for, the loss and the metrics have to fit each other."""

import pytest

from sweep.config.checks import check_outputs
from sweep.config.compose import load
from sweep.errors import UserError

CSV = ("dataset=csv", "dataset.train=a.csv")


def message(act, *arguments):
    with pytest.raises(UserError) as raised:
        act(*arguments)
    return str(raised.value)


@pytest.mark.parametrize("loss", ["l2", "l1", "huber"])
def test_a_loss_for_numbers_brings_what_goes_with_it(loss):
    config = load(f"loss={loss}", *CSV)
    assert (config.loss.name, config.dataset.task) == (loss, "regression")
    assert (config.metrics, config.monitor) == (("mae", "rmse"), "val/loss")
    config = load(f"loss={loss}", *CSV, "metrics=[rmse]", "monitor=val/rmse")
    assert (config.metrics, config.monitor) == (("rmse",), "val/rmse")


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge"])
def test_a_loss_for_classes_changes_nothing_else(loss):
    config = load(f"loss={loss}")
    assert (config.loss.name, config.loss.margin) == (loss, 1.0)
    assert (config.dataset.task, config.metrics) == ("classification", ("accuracy",))


FOR_CLASSES = "custom, hinge, softmax_cross_entropy or squared_hinge"


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (
            ("loss=l2",),
            "loss=l2: is for numbers, and dataset=mnist_5k has classes; allowed is " + FOR_CLASSES,
        ),
        (
            ("dataset.task=regression",),
            "dataset.task=regression: dataset=mnist_5k has classes; allowed is classification",
        ),
        (
            (*CSV, "dataset.task=regression"),
            "loss=softmax_cross_entropy: is for classes, and dataset.task=regression for numbers; "
            "allowed is huber, l1 or l2, or dataset.task=classification",
        ),
        (
            (*CSV, "loss=l2", "dataset.task=classification"),
            "loss=l2: is for numbers, and dataset.task=classification for classes; allowed is "
            f"{FOR_CLASSES}, or dataset.task=regression",
        ),
        (
            ("dataset.task=ranking",),
            "dataset.task=ranking: allowed is classification or regression",
        ),
        (
            ("loss=l3",),
            "loss=l3 is unknown (did you mean l2?); allowed: custom, hinge, huber, l1, l2, "
            "softmax_cross_entropy, squared_hinge",
        ),
        (
            ("loss=softmax",),
            "loss=softmax is unknown (did you mean softmax_cross_entropy?); allowed: custom, "
            "hinge, huber, l1, l2, softmax_cross_entropy, squared_hinge",
        ),
        (
            ("loss.label_smoothing=1",),
            "loss.label_smoothing=1: allowed is a number from 0 to less than 1",
        ),
        (
            ("loss.label_smoothing=-0.1",),
            "loss.label_smoothing=-0.1: allowed is a number from 0 to less than 1",
        ),
        (
            ("loss=hinge", "loss.margin=0"),
            "loss.margin=0: allowed is a finite number above 0",
        ),
        (
            (*CSV, "loss=huber", "loss.rho=-1"),
            "loss.rho=-1: allowed is a finite number above 0",
        ),
        (
            ("loss.rho=1",),
            "loss.rho is not a field of the loss that is chosen, but of loss=huber",
        ),
        (
            (*CSV, "loss=l2", "metrics=[accuracy]", "monitor=val/loss"),
            "metrics=[accuracy]: accuracy is for classes, and dataset.task=regression; allowed is "
            "a list of mae, rmse",
        ),
        (
            ("metrics=[accuracy,rmse]",),
            "metrics=[accuracy,rmse]: rmse is for numbers, and dataset.task=classification; "
            "allowed is a list of accuracy, macro_f1, top5_accuracy",
        ),
        (
            (*CSV, "loss=l2", "monitor=val/accuracy"),
            "monitor=val/accuracy: allowed is val/mae, val/rmse or val/loss",
        ),
        (
            (*CSV, "loss=l2", "metrics=[mae]", "monitor=val/rmse"),
            "monitor=val/rmse: is not measured; allowed is val/mae or val/loss, or to measure it: "
            "'metrics=[mae,rmse]'",
        ),
    ],
)
def test_what_does_not_fit(overrides, expected):
    assert message(load, *overrides) == expected


def test_a_metric_of_the_first_five_needs_five_classes():
    config = load("metrics=[accuracy,top5_accuracy]")
    check_outputs(config, 5)
    assert message(check_outputs, config, 4) == (
        "metrics=[accuracy,top5_accuracy]: top5_accuracy needs 5 classes or more, and mnist_5k has "
        "4; allowed is to leave it out"
    )
