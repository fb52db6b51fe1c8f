"""The schema of a run's configuration: its fields, with the bounds and the role of each.

Defaults are in ``conf/`` alone. The fields of a network, an optimiser, a schedule, a loss or a
dataset are with it, in ``sweep/networks/families/``, ``sweep/training/optimizers/``,
``sweep/training/schedules/``, ``sweep/training/losses/`` and ``sweep/data/formats/``.
"""

from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from sweep.config.datasets import DatasetConfig
from sweep.config.fields import (
    STRICT,
    Before,
    Count,
    Degrees,
    Limit,
    Mark,
    NonNegative,
    Pixels,
    Role,
    RunSeed,
    Seconds,
    Seed,
    Size,
    Strength,
    StudyName,
    Switch,
    Text,
    Texts,
    Words,
    allowed,
)
from sweep.config.losses import Loss
from sweep.config.networks import Network
from sweep.config.optimizers import OptimizerConfig
from sweep.config.schedules import Schedule


@dataclass(frozen=True, config=STRICT)
class Augment:
    """What is done at random to the images of training batches: see :mod:`sweep.data.augment`."""

    flip: Annotated[Literal[True] | None, allowed("true or null"), Before(None)]
    crop: Annotated[Pixels, Before(None)]
    shift: Annotated[Pixels, Before(None)]
    rotate: Annotated[Degrees, Before(None)]
    cutout: Annotated[Pixels, Before(None)]
    brightness: Annotated[Strength, Before(None)]
    contrast: Annotated[Strength, Before(None)]
    mixup: Annotated[Limit, Before(None)]


@dataclass(frozen=True, config=STRICT)
class EarlyStopping:
    """When a run stops before its last epoch."""

    patience: Count | None
    min_delta: NonNegative


@dataclass(frozen=True, config=STRICT)
class Tracking:
    """Where the record goes."""

    uri: Text | None
    experiment: Text


@dataclass(frozen=True, config=STRICT)
class Notify:
    """Who is told how a sweep has ended, and what hangs."""

    command: Words
    url: Annotated[
        str | None,
        Field(pattern=r"^https?://[^\s/]+\S*$"),
        allowed("null, or an address as in https://example.org/hook"),
    ]


@dataclass(frozen=True, config=STRICT)
class Search:
    """How ``hydra/sweeper=optuna`` searches, and where it keeps what it found."""

    sampler: Text
    pruner: Text | None
    objectives: Annotated[
        tuple[str, ...] | None,
        Field(min_length=1),
        allowed("null, or a list of metrics, as in [val/accuracy,epoch_seconds]"),
    ]
    prune_by: Annotated[Text | None, Before(None)]
    n_trials: Annotated[Count, Mark.STUDY_MAY_CHANGE]
    time_budget: Annotated[Seconds, Mark.STUDY_MAY_CHANGE]
    startup_trials: Size
    reduction_factor: Annotated[int, Field(strict=True, ge=2), allowed("a whole number, 2 or more")]
    min_epochs: Count
    seed: Seed
    warm_start: Annotated[Text | None, Before(None)]
    enqueue: Annotated[
        tuple[Annotated[dict[str, Any], Field(min_length=1)], ...] | None,
        Field(min_length=1),
        allowed("null, or a list of values to try first, as in [{optim.lr: 0.1}]"),
        Mark.STUDY_MAY_CHANGE,
        Before(None),
    ]
    storage: Annotated[Text, Mark.STUDY_MAY_CHANGE]
    study: Annotated[StudyName | None, Mark.STUDY_MAY_CHANGE]


@dataclass(frozen=True, config=STRICT)
class Seeds:
    """How many seeds ``seed=auto`` gives a row of a sweep: see :mod:`sweep.results.seeds`."""

    min: Annotated[int, Field(strict=True, ge=2), allowed("a whole number, 2 or more")]
    max: Annotated[int, Field(strict=True, ge=2), allowed("a whole number, 2 or more")]


@dataclass(frozen=True, config=STRICT)
class Config:
    """One run."""

    model: Network
    optim: OptimizerConfig
    schedule: Schedule
    loss: Loss
    dataset: DatasetConfig
    augment: Augment
    init_from: Annotated[Text | None, Role.RECORD, Before(None)]
    init_digest: Annotated[Text | None, Before(None)]
    freeze: Annotated[Texts, Before(())]
    batch_size: Count
    epochs: Annotated[Count, Role.IDENTITY]
    seed: Annotated[RunSeed, Mark.REPEAT]
    context: Literal["auto", "cpu", "gpu"]
    threads_per_run: Count
    n_jobs: Annotated[
        int | None,
        Field(strict=True, ge=1),
        allowed("a whole number, 1 or more, or null"),
        Role.MACHINE,
        Mark.ONE_PER_SWEEP,
    ]
    max_retries: Annotated[Size, Role.MACHINE, Mark.ONE_PER_SWEEP]
    run_timeout: Annotated[Seconds, Role.MACHINE]
    stall_timeout: Annotated[
        Literal["auto"] | Annotated[float, Field(strict=True, ge=5, allow_inf_nan=False)] | None,
        allowed("auto, a number of seconds, 5 or more, or null"),
        Role.MACHINE,
    ]
    on_failure: Annotated[Literal["continue", "stop"], Role.MACHINE, Mark.ONE_PER_SWEEP]
    rerun: Annotated[Switch, Role.MACHINE, Mark.ONE_PER_SWEEP]
    dry_run: Annotated[Switch, Role.MACHINE, Mark.ONE_PER_SWEEP]
    checkpoint_dir: Annotated[Text, Role.MACHINE, Mark.ONE_PER_SWEEP]
    keep_states: Annotated[Size, Role.MACHINE, Mark.ONE_PER_SWEEP]
    figures: Annotated[Switch, Role.MACHINE, Mark.ONE_PER_SWEEP]
    keep_models: Annotated[Literal["all", "best", "none"], Role.MACHINE, Mark.ONE_PER_SWEEP]
    metrics: Annotated[Texts, Role.IDENTITY, Before(("accuracy",))]
    metrics_source: Annotated[Text | None, Role.IDENTITY, Before(None)]
    metrics_folder: Annotated[Text | None, Role.MACHINE, Before(None)]
    monitor: Annotated[Text, Role.IDENTITY]
    early_stopping: Annotated[EarlyStopping, Role.IDENTITY]
    test_every_epoch: Annotated[Switch, Role.IDENTITY]
    preset: Annotated[Text | None, Role.RECORD]
    seeds: Annotated[Seeds, Role.MACHINE, Mark.ONE_PER_SWEEP]
    search: Annotated[Search, Role.MACHINE, Mark.ONE_PER_SWEEP]
    tracking: Annotated[Tracking, Role.MACHINE, Mark.ONE_PER_SWEEP]
    notify: Annotated[Notify, Role.MACHINE, Mark.ONE_PER_SWEEP]
