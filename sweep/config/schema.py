"""The schema of a run's configuration: its fields, and the bounds of each.

Defaults are in ``conf/`` alone.
"""

from typing import Annotated, Any, Literal, get_args

import pydantic
from pydantic import ConfigDict, Field, ValidatorFunctionWrapHandler, WrapValidator
from pydantic.dataclasses import dataclass
from pydantic_core import PydanticCustomError

IMAGE_SIDE = 28
TRAIN_IMAGES = {"mnist_5k": 4_000, "mnist": 60_000, "fashion_mnist": 60_000}


def _allowed(text: str) -> WrapValidator:
    """Answer whatever is wrong with a value by what is allowed instead."""

    def check(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
        try:
            return validate(value)
        except pydantic.ValidationError:
            raise PydanticCustomError("allowed", "allowed is {text}", {"text": text}) from None

    return WrapValidator(check)


Count = Annotated[int, Field(strict=True, ge=1), _allowed("a whole number, 1 or more")]
Size = Annotated[int, Field(strict=True, ge=0), _allowed("a whole number, 0 or more")]
Counts = Annotated[
    tuple[Count, ...], _allowed("a list of whole numbers, each 1 or more, as in [128,64]")
]
Positive = Annotated[
    float, Field(strict=True, gt=0, allow_inf_nan=False), _allowed("a finite number above 0")
]
NonNegative = Annotated[
    float, Field(strict=True, ge=0, allow_inf_nan=False), _allowed("a finite number, 0 or more")
]
Fraction = Annotated[
    float, Field(strict=True, ge=0, lt=1), _allowed("a number from 0 to less than 1")
]
Text = Annotated[
    str, Field(min_length=1, coerce_numbers_to_str=True), _allowed("a text of one letter or more")
]
Texts = Annotated[tuple[str, ...], _allowed("a list of texts, as in [a,b]")]
Switch = Annotated[bool, Field(strict=True), _allowed("true or false")]
Seed = Annotated[
    int, Field(strict=True, ge=0, lt=2**31), _allowed("a whole number from 0 to 2147483647")
]
Seconds = Annotated[
    float | None,
    Field(strict=True, gt=0, allow_inf_nan=False),
    _allowed("a number of seconds above 0, or null"),
]
Activation = Literal["tanh", "relu", "sigmoid"]
Metric = Literal["val/accuracy", "val/loss"]
Objective = Literal[
    "val/accuracy", "val/loss", "train/accuracy", "train/loss", "epoch_seconds", "images_per_second"
]
Objectives = Annotated[
    tuple[Objective, ...],
    Field(min_length=1),
    _allowed(f"null, or a list of {', '.join(get_args(Objective))}"),
]

STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, config=STRICT)
class Network:
    """What all networks have: dense layers at their end, an activation, an initialisation."""

    name: str
    hidden: Counts
    activation: Activation
    output_activation: Activation | None
    init: Literal["xavier", "normal"]
    init_scale: Positive | None


@dataclass(frozen=True, config=STRICT)
class MLP(Network):
    """A multilayer perceptron on the 784 pixels."""

    name: Literal["mlp"]


@dataclass(frozen=True, config=STRICT)
class LeNet(Network):
    """Convolution, pooling and activation, as often as there are channels; then dense layers."""

    name: Literal["lenet"]
    channels: Counts
    kernels: Counts
    pooling: Literal["max", "avg"]
    pool_size: Count
    pool_stride: Count

    def sides(self) -> list[int]:
        """Return the side of the square feature maps, in pixels, after each pooling."""
        side, sides = IMAGE_SIDE, []
        for kernel in self.kernels:
            side = (side - kernel + 1 - self.pool_size) // self.pool_stride + 1
            sides.append(side)
        return sides

    def multiplications(self, channels: Counts) -> int:
        """Return how many the convolutions need for one image, with so many channels."""
        before, side, total = 1, IMAGE_SIDE, 0
        for after, kernel, pooled in zip(channels, self.kernels, self.sides(), strict=True):
            total += before * after * kernel**2 * (side - kernel + 1) ** 2
            before, side = after, pooled
        return total


MODELS = (MLP, LeNet)


@dataclass(frozen=True, config=STRICT)
class SGD:
    """Stochastic gradient descent, as ``mxnet.optimizer.SGD`` has it."""

    name: Literal["sgd"]
    lr: Positive
    wd: NonNegative
    momentum: Fraction


@dataclass(frozen=True, config=STRICT)
class DatasetConfig:
    """Which images, how many of them are held out, and where the files may be."""

    name: Literal["mnist_5k", "mnist", "fashion_mnist"]
    val_size: Size
    root: Text | None
    mirrors: Texts


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
    sweep_id: Text | None


@dataclass(frozen=True, config=STRICT)
class Search:
    """How ``hydra/sweeper=optuna`` searches, and where it keeps what it found."""

    sampler: Literal["tpe", "random", "gp", "cmaes", "grid"]
    pruner: Literal["asha", "hyperband", "median"] | None
    objectives: Objectives | None
    n_trials: Count
    time_budget: Seconds
    startup_trials: Size
    reduction_factor: Annotated[
        int, Field(strict=True, ge=2), _allowed("a whole number, 2 or more")
    ]
    min_epochs: Count
    seed: Seed
    storage: Text
    study: Text | None
    trial: Size | None


@dataclass(frozen=True, config=STRICT)
class Config:
    """One run."""

    model: Annotated[MLP | LeNet, Field(discriminator="name")]
    optim: SGD
    dataset: DatasetConfig
    batch_size: Count
    epochs: Count
    seed: Seed
    context: Literal["auto", "cpu", "gpu"]
    threads_per_run: Count
    n_jobs: Annotated[
        int | None, Field(strict=True, ge=1), _allowed("a whole number, 1 or more, or null")
    ]
    max_retries: Size
    run_timeout: Seconds
    on_failure: Literal["continue", "stop"]
    rerun: Switch
    checkpoint_dir: Text
    figures: Switch
    monitor: Metric
    early_stopping: EarlyStopping
    test_every_epoch: Switch
    preset: Text | None
    search: Search
    tracking: Tracking
