"""Checks that a configuration's fields fit each other, and the images."""

from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from sweep.config.datasets import DatasetConfig
from sweep.config.images import Shape
from sweep.config.metrics import measured_metric, metrics_for, short_name
from sweep.config.own_metrics import is_own, own_metrics
from sweep.config.params import as_text
from sweep.config.schema import Config
from sweep.config.tasks import ANSWERS
from sweep.errors import UserError, either, nearest

OF_ANY = ("mixup",)  # of augmentation: fields that make sense of any numbers
IN_PIXELS = ("crop", "shift", "cutout")  # of augmentation: fields that must be below the sides
SEARCHED = ("epoch_seconds", "images_per_second")  # objectives besides metrics of a split


def check(config: Config) -> None:
    """Check the fields that depend on each other.

    Raises:
        UserError: naming the field, its value and what is allowed.
    """
    _check_task(config)
    _check_metrics(config)
    names = (*map(short_name, config.metrics), "loss")
    trained = [name for name in (*config.metrics, "loss") if not is_own(name)]
    monitored = [f"val/{name}" for name in names]
    if config.monitor not in monitored:
        raise UserError(f"monitor={config.monitor}: {_why_unmeasured(config)}")
    objectives = [f"val/{name}" for name in names] + [f"train/{name}" for name in trained]
    objectives += SEARCHED
    for each in config.search.objectives or ():
        if each not in objectives:
            given = ",".join(config.search.objectives or ())
            raise UserError(
                f"search.objectives=[{given}]: allowed is null, or a list of "
                f"{', '.join(objectives)}"
            )
    if (pruned_by := config.search.prune_by) and pruned_by not in objectives:
        raise UserError(
            f"search.prune_by={pruned_by}: is not measured{nearest(pruned_by, objectives)}; "
            f"allowed is null, or one of {', '.join(objectives)}"
        )
    if config.seeds.min > config.seeds.max:
        raise UserError(
            f"seeds.min={config.seeds.min}: is more than seeds.max={config.seeds.max}; allowed is "
            "at most as many"
        )
    if config.init_digest and not config.init_from:
        raise UserError(
            f"init_digest={config.init_digest}: there is nothing that it could be of; allowed is "
            "null, or init_from with it"
        )
    config.schedule.check(config.epochs)
    config.dataset.check()
    if not config.dataset.validates and not config.test_every_epoch:
        raise UserError(
            "dataset.val_size=0: leaves nothing to validate on; allowed is 1 or more, or 0 with "
            "test_every_epoch=true, which measures on the test set after every epoch"
        )
    if not config.dataset.validates and config.early_stopping.patience:
        raise UserError(
            f"early_stopping.patience={config.early_stopping.patience}: there is nothing to stop "
            "by with dataset.val_size=0; allowed is null, or hold images out"
        )


def _check_task(config: Config) -> None:
    """Check that the dataset has what the loss judges."""
    loss, dataset = config.loss, config.dataset
    if loss.task not in dataset.tasks:
        there = [name for task in dataset.tasks for name in loss.choices(task)]
        raise UserError(
            f"{loss.task_chosen}: is for {ANSWERS[loss.task]}, and dataset={dataset.name} has "
            f"{' or '.join(ANSWERS[task] for task in dataset.tasks)}; allowed is {either(there)}"
        )
    if dataset.task not in dataset.tasks:
        raise UserError(
            f"dataset.task={dataset.task}: dataset={dataset.name} has "
            f"{' or '.join(ANSWERS[task] for task in dataset.tasks)}; allowed is "
            f"{either(dataset.tasks)}"
        )
    if loss.task != dataset.task:
        raise UserError(
            f"{loss.task_chosen}: is for {ANSWERS[loss.task]}, and dataset.task={dataset.task} for "
            f"{ANSWERS[dataset.task]}; allowed is {either(loss.choices(dataset.task))}, or "
            f"dataset.task={loss.task}"
        )


def _check_metrics(config: Config) -> None:
    given = ",".join(config.metrics)
    task = config.dataset.task
    if not own_metrics(config.metrics, None, None) and config.metrics_source:
        raise UserError(
            f"metrics_source={config.metrics_source}: there is no metric of your own in "
            f"metrics=[{given}]; allowed is null"
        )
    for name in config.metrics:
        if not is_own(name) and measured_metric(name).task != task:
            raise UserError(
                f"metrics=[{given}]: {name} is for {ANSWERS[measured_metric(name).task]}, and "
                f"dataset.task={task}; allowed is a list of {', '.join(metrics_for(task))}"
            )
        if config.metrics.count(name) > 1:
            raise UserError(f"metrics=[{given}]: {name} is there twice; allowed is each once")
        if [*map(short_name, config.metrics)].count(short_name(name)) > 1:
            raise UserError(
                f"metrics=[{given}]: two of them would be recorded as val/{short_name(name)}; "
                "allowed are functions with different names"
            )


def _why_unmeasured(config: Config) -> str:
    """Say what can be monitored, and how something else could be."""
    measured = [*(f"val/{short_name(name)}" for name in config.metrics), "val/loss"]
    allowed = either(measured)
    if (meant := f"val/{config.monitor}") in measured:
        return f"allowed is {allowed} (did you mean {meant}?)"
    split, _, name = config.monitor.partition("/")
    if split == "val" and name in metrics_for(config.dataset.task):
        more = ",".join([*config.metrics, name])
        return f"is not measured; allowed is {allowed}, or to measure it: 'metrics=[{more}]'"
    return f"allowed is {allowed}"


def check_unread(datasets: Collection[DatasetConfig]) -> None:
    """Check that where files are is told to a dataset that reads them there.

    All datasets of a sweep are told it; so one that reads them is enough.

    Args:
        datasets: all of a command.

    Raises:
        UserError: naming the field, its value and what is allowed.
    """
    for dataset in datasets:
        for field in dataset.unread:
            given = getattr(dataset, field)
            if given and not any(_reads(each, field, given) for each in datasets):
                raise UserError(
                    f"dataset.{field}={as_text(given)}: dataset={dataset.name} reads no files "
                    "from there; allowed is to leave it out, or a dataset that does, as in "
                    "dataset=mnist"
                )


def _reads(dataset: DatasetConfig, field: str, value: Any) -> bool:
    return field not in dataset.unread and bool(getattr(dataset, field, None) == value)


def check_outputs(config: Config, classes: int) -> None:
    """Check that what is measured can be measured of so many classes, or numbers to predict.

    Raises:
        UserError: naming the field, its value and what is allowed.
    """
    for name in config.metrics:
        if not is_own(name) and (least := measured_metric(name).least_classes) > classes:
            raise UserError(
                f"metrics=[{','.join(config.metrics)}]: {name} needs {least} classes or more, and "
                f"{config.dataset.name} has {classes}; allowed is to leave it out"
            )


def check_images(
    config: Config, train_size: int, shape: Shape, held_out: int | None = None
) -> None:
    """Check that a run fits the images of its dataset.

    Args:
        config: of the run.
        train_size: the number of training images, with those that are held out.
        shape: of an image.
        held_out: how many are held out; None for what the configuration says.

    Raises:
        UserError: naming the field, its value and what is allowed.
    """
    if held_out is None:
        held_out = config.dataset.held_out(train_size)
    where = f"{config.dataset.name} has {train_size:,} training images"
    if held_out >= train_size:
        raise UserError(
            f"dataset.val_size={config.dataset.val_size}: leaves nothing to train on; {where}, "
            f"so at most {train_size - 1} can be held out"
        )
    if config.batch_size > train_size - held_out:
        raise UserError(
            f"batch_size={config.batch_size}: beyond the training set; {where}, {held_out:,} of "
            f"them held out for validation, so at most {train_size - held_out} is allowed"
        )
    _check_augmentation(config, shape)
    config.model.check(shape)


def _check_augmentation(config: Config, shape: Shape) -> None:
    channels, height, width = shape
    if config.augment.mixup is not None and config.dataset.task == "regression":
        raise UserError(
            f"augment.mixup={as_text(config.augment.mixup)}: mixes classes, and "
            "dataset.task=regression has numbers; allowed is null"
        )
    chosen = {name: value for name, value in asdict(config.augment).items() if value is not None}
    for name, value in chosen.items():
        given = f"augment.{name}={as_text(value)}"
        if (channels, height) == (1, 1) and name not in OF_ANY:
            raise UserError(
                f"{given}: {config.dataset.name} has rows of {width} numbers, no images; allowed "
                "is null"
            )
        if name in IN_PIXELS and value >= min(height, width):
            raise UserError(
                f"{given}: {config.dataset.name} has images of {height}×{width} pixels; allowed is "
                f"less than {min(height, width)}, or null"
            )
