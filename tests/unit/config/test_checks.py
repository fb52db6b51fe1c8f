"""What has to fit together, in a configuration and with the images that are there."""

import pytest

from sweep.config.checks import check_images, check_unread
from sweep.config.compose import load
from sweep.config.metrics import METRICS, Metric, register
from sweep.errors import UserError

GREY_28 = (1, 28, 28)
MEASURED = "accuracy, macro_f1, mae, rmse, top5_accuracy"
OWN = ", and of functions of your own, as in my_metrics.f2@max"


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
            "pooling would be [12×12, 0×0]; allowed are images of 32×32 or more, or smaller "
            "kernels, model.pool_size or model.pool_stride",
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
        "would be [47×5, 21×0]; allowed are images of 16×16 or more, or smaller kernels, "
        "model.pool_size or model.pool_stride"
    )
    assert message(check_images, config, 4_000, (3, 99, 15)) == expected


def test_the_least_image_of_a_lenet():
    config = load("model=lenet", "model.kernels=[3,4]", "model.pool_size=3", "model.pool_stride=2")
    check_images(config, 4_000, (3, 15, 15))  # 13, 6; 3, 1
    for side in range(1, 15):
        assert "; allowed are images of 15×15 or more, or smaller kernels" in message(
            check_images, config, 4_000, (3, side, 15)
        )


def test_sizes_end_where_nothing_is_left():
    assert "after each pooling would be [0×0]; allowed are images of 16×16" in message(
        check_images, load("model=lenet"), 4_000, (3, 5, 5)
    )


NO_FILES = (
    ": dataset=mnist_5k reads no files from there; allowed is to leave it out, or a dataset that "
    "does, as in dataset=mnist"
)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["dataset.root=x"], "dataset.root=x"),
        (["dataset.mirrors=[http://localhost/]"], 'dataset.mirrors=["http://localhost/"]'),
        (["dataset.root=x", "dataset=mnist dataset.root=y"], "dataset.root=x"),
        (["dataset=mnist", "dataset.root=x"], "dataset.root=x"),
    ],
)
def test_a_place_of_files_that_no_dataset_reads(given, told):
    datasets = [load(*each.split()).dataset for each in given]
    assert message(check_unread, datasets) == told + NO_FILES


@pytest.mark.parametrize(
    "given",
    [
        ["seed=0"],
        ["dataset=mnist dataset.root=x dataset.mirrors=[http://localhost/]"],
        ["dataset.root=x", "dataset=mnist dataset.root=x"],
        ["dataset=folder dataset.root=x", "dataset.root=x"],
    ],
)
def test_one_dataset_that_reads_a_place_of_files_is_enough(given):
    check_unread([load(*each.split()).dataset for each in given])


LESS = "images of 28×28 pixels; allowed is less than 28, or null"


@pytest.mark.parametrize(
    ("override", "shape", "expected"),
    [
        ("augment.crop=40", GREY_28, f"augment.crop=40: mnist_5k has {LESS}"),
        ("augment.crop=28", GREY_28, f"augment.crop=28: mnist_5k has {LESS}"),
        ("augment.shift=28", GREY_28, f"augment.shift=28: mnist_5k has {LESS}"),
        ("augment.cutout=28", GREY_28, f"augment.cutout=28: mnist_5k has {LESS}"),
        (
            "augment.cutout=12",
            (3, 64, 12),
            "augment.cutout=12: mnist_5k has images of 64×12 pixels; allowed is less than 12, or "
            "null",
        ),
        (
            "augment.flip=true",
            (1, 1, 28),
            "augment.flip=true: mnist_5k has rows of 28 numbers, no images; allowed is null",
        ),
    ],
)
def test_what_no_image_can_be_changed_by(override, shape, expected):
    assert message(check_images, load(override), 4_000, shape) == expected


@pytest.mark.parametrize("override", ["augment.crop=27", "augment.rotate=180", "augment.flip=null"])
def test_what_images_can_be_changed_by(override):
    check_images(load(override), 4_000, GREY_28)


def test_rows_of_numbers_can_be_mixed():
    check_images(load("augment.mixup=0.2"), 4_000, (1, 1, 28))


def test_numbers_to_predict_are_not_mixed():
    config = load("dataset=csv", "dataset.train=a.csv", "loss=l2", "augment.mixup=0.2")
    assert message(check_images, config, 4_000, (1, 1, 28)) == (
        "augment.mixup=0.2: mixes classes, and dataset.task=regression has numbers; allowed is null"
    )


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("augment.flip=false", "true or null"),
        ("augment.crop=0", "a whole number of pixels, 1 or more, or null"),
        ("augment.shift=1.5", "a whole number of pixels, 1 or more, or null"),
        ("augment.rotate=181", "a number of degrees above 0 and at most 180, or null"),
        ("augment.cutout=-1", "a whole number of pixels, 1 or more, or null"),
        ("augment.brightness=2", "a number above 0 and at most 1, or null"),
        ("augment.contrast=0", "a number above 0 and at most 1, or null"),
        ("augment.mixup=0", "a finite number above 0, or null"),
        ("dataset.normalize=true", "null, unit or standard"),
    ],
)
def test_what_no_image_of_any_kind_can_be_changed_by(override, expected):
    assert message(load, override) == f"{override}: allowed is {expected}"


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (
            ("metrics=[acuracy]",),
            f"metrics=[acuracy] (did you mean accuracy?): allowed is a list of {MEASURED}{OWN}",
        ),
        (("metrics=[loss]",), f"metrics=[loss]: allowed is a list of {MEASURED}{OWN}"),
        (
            ("metrics=[accuracy,accuracy]",),
            "metrics=[accuracy,accuracy]: accuracy is there twice; allowed is each once",
        ),
        (("metrics=accuracy",), "metrics=accuracy: allowed is a list of texts, as in [a,b]"),
        (
            ("monitor=loss",),
            "monitor=loss: allowed is val/accuracy or val/loss (did you mean val/loss?)",
        ),
        (
            ("monitor=accuracy",),
            "monitor=accuracy: allowed is val/accuracy or val/loss (did you mean val/accuracy?)",
        ),
        (("monitor=macro_f1",), "monitor=macro_f1: allowed is val/accuracy or val/loss"),
        (("monitor=test/accuracy",), "monitor=test/accuracy: allowed is val/accuracy or val/loss"),
        (("monitor=test/loss",), "monitor=test/loss: allowed is val/accuracy or val/loss"),
        (
            ("metrics=[]",),
            "monitor=val/accuracy: is not measured; allowed is val/loss, or to measure it: "
            "'metrics=[accuracy]'",
        ),
        (
            ("monitor=val/macro_f1",),
            "monitor=val/macro_f1: is not measured; allowed is val/accuracy or val/loss, or to "
            "measure it: 'metrics=[accuracy,macro_f1]'",
        ),
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
    register(Metric("top3_accuracy", "max", lambda F, scores, labels: F.sum(labels)))
    config = load("metrics=[accuracy,top3_accuracy]", "monitor=val/top3_accuracy")
    assert (config.metrics, config.monitor) == (("accuracy", "top3_accuracy"), "val/top3_accuracy")
    expected = "monitor=val/top3: allowed is val/accuracy, val/top3_accuracy or val/loss"
    assert message(load, "metrics=[accuracy,top3_accuracy]", "monitor=val/top3") == expected
    assert message(load, "monitor=val/top3_accuracy").endswith("'metrics=[accuracy,top3_accuracy]'")
    config = load("metrics=[top3_accuracy]", "monitor=val/top3_accuracy")
    assert load("metrics=[accuracy]") != config


def test_images_that_a_dataset_has_to_validate_on_count_as_held_out():
    config = load("batch_size=60")
    check_images(config, 100, GREY_28, held_out=40)
    assert message(check_images, config, 100, GREY_28, 41) == (
        "batch_size=60: beyond the training set; mnist_5k has 100 training images, 41 of them held "
        "out for validation, so at most 59 is allowed"
    )


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (
            ("schedule=multistep", "schedule.milestones=[5,12]"),
            "schedule.milestones=[5, 12]: the rate never falls after epoch 12 with epochs=10; "
            "allowed are epochs before the last, each less than 10",
        ),
        (
            ("schedule=multistep", "epochs=8"),
            "schedule.milestones=[6, 8]: the rate never falls after epoch 8 with epochs=8; "
            "allowed are epochs before the last, each less than 8",
        ),
        (
            ("schedule=multistep", "schedule.milestones=[5,3]"),
            "schedule.milestones=[5, 3]: allowed is each once, in their order",
        ),
        (
            ("schedule=multistep", "schedule.milestones=[5,5]"),
            "schedule.milestones=[5, 5]: allowed is each once, in their order",
        ),
        (
            ("schedule=multistep", "schedule.milestones=[]"),
            "schedule.milestones=[]: allowed is a list of one or more whole numbers, each 1 or "
            "more, as in [5,8]",
        ),
        (
            ("schedule=step", "epochs=3"),
            "schedule.every=3: the rate never falls with epochs=3; allowed is less than 3",
        ),
        (
            ("schedule=cosine", "schedule.warmup_epochs=10"),
            "schedule.warmup_epochs=10: nothing is left of epochs=10; allowed is less than 10",
        ),
        (
            ("schedule.warmup_epochs=2.5", "epochs=2"),
            "schedule.warmup_epochs=2.5: nothing is left of epochs=2; allowed is less than 2",
        ),
    ],
)
def test_schedules_that_do_not_fit_the_number_of_epochs(overrides, expected):
    assert message(load, *overrides) == expected


@pytest.mark.parametrize(
    "overrides",
    [
        ("schedule=multistep", "epochs=9"),
        ("schedule=step", "epochs=4"),
        ("schedule=one_cycle", "epochs=1"),
        ("schedule=cosine", "epochs=1", "schedule.warmup_epochs=0.9"),
    ],
)
def test_schedules_that_just_fit(overrides):
    load(*overrides)


@pytest.mark.parametrize(
    ("choice", "override", "expected"),
    [
        ("optim=sgd", "optim.wd_on=biases", "all or weights"),
        ("optim=sgd", "optim.clip_norm=0", "a finite number above 0, or null"),
        ("optim=sgd", "optim.clip_norm=-1", "a finite number above 0, or null"),
        ("optim=adam", "optim.beta1=1", "a number from 0 to less than 1"),
        ("optim=adam", "optim.epsilon=0", "a finite number above 0"),
        ("optim=rmsprop", "optim.gamma1=-0.1", "a number from 0 to less than 1"),
        ("schedule=constant", "schedule.warmup_epochs=-1", "a finite number, 0 or more"),
        ("schedule=step", "schedule.every=0", "a whole number, 1 or more"),
        ("schedule=step", "schedule.gamma=0", "a number above 0 and at most 1"),
        ("schedule=multistep", "schedule.gamma=1.1", "a number above 0 and at most 1"),
        ("schedule=cosine", "schedule.final=1", "a number from 0 to less than 1"),
        ("schedule=poly", "schedule.power=0", "a finite number above 0"),
        ("schedule=one_cycle", "schedule.peak=1", "a number above 0 and less than 1"),
        ("schedule=one_cycle", "schedule.start=0", "a number above 0 and at most 1"),
    ],
)
def test_bounds_of_optimisers_and_schedules(choice, override, expected):
    assert message(load, choice, override) == f"{override}: allowed is {expected}"


def test_a_field_of_another_optimiser_or_schedule():
    expected = "optim.beta1 is not a field of optim=nag, but of optim=adam, adamw or lamb"
    assert message(load, "optim=nag", "optim.beta1=0.5") == expected
    expected = "schedule.peak is not a field of the schedule that is chosen, but of schedule="
    assert message(load, "schedule.peak=0.5") == f"{expected}one_cycle"
