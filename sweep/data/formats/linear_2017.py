"""Numbers that a line predicts, of 2017's notes on Gluon: ``dataset=linear_2017``."""

import hashlib
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic.dataclasses import dataclass

from sweep.config.choices import DATASETS
from sweep.config.datasets import DatasetConfig
from sweep.config.fields import STRICT, Role
from sweep.config.images import Images
from sweep.config.tasks import Task

INPUTS, TO_TRAIN, TO_TEST = 200, 20, 100  # fewer to train on than inputs: it cannot but overfit
WEIGHT, BIAS, NOISE = 0.01, 0.05, 0.01
SEED = 2017  # any constant will do; another one makes other numbers


@DATASETS.registers("linear_2017")
@dataclass(frozen=True, config=STRICT)
class Linear2017(DatasetConfig):
    """200 inputs from a normal distribution; 0.01 times their sum, plus 0.05, plus noise of 0.01.

    The source draws them anew each time, here they are always the same.
    """

    tasks: ClassVar[tuple[Task, ...]] = ("regression",)

    name: Annotated[Literal["linear_2017"], Role.RECORD]

    def read(self) -> Images:
        """Draw the numbers."""
        random = np.random.RandomState(SEED)
        inputs = random.normal(size=(TO_TRAIN + TO_TEST, INPUTS))
        truth = WEIGHT * inputs.sum(axis=1) + BIAS + NOISE * random.normal(size=len(inputs))
        features = inputs.astype(np.float32)[:, None, None, :]
        numbers = truth.astype(np.float32)[:, None]
        return Images(
            train_images=features[:TO_TRAIN],
            train_labels=numbers[:TO_TRAIN],
            test_images=features[TO_TRAIN:],
            test_labels=numbers[TO_TRAIN:],
            class_names=(),
            digest=hashlib.sha256(features.tobytes() + numbers.tobytes()).hexdigest(),
            source="drawn by NumPy",
        )
