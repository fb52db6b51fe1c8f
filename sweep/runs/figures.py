"""What is drawn of one run, as plain data: its curves, what it confuses, what it predicts."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.config.metrics import SPLITS
from sweep.training.selection import EpochRecord


@dataclass(frozen=True)
class Curve:
    """One metric on one part of the images.

    Attributes:
        part: ``train``, ``val`` or ``test``.
        points: the value of each epoch, from 1, that it was measured after.
    """

    part: str
    points: Mapping[int, float]


def curves(
    metric: str, records: Sequence[EpochRecord], summary: Mapping[str, float], kept: int
) -> list[Curve]:
    """Return a metric's curves, those of training first.

    Args:
        metric: ``loss`` or ``accuracy``.
        records: of all epochs.
        summary: what was measured once, with the parameters of the epoch that is kept.
        kept: that epoch.
    """
    found = []
    for part in SPLITS:
        key = f"{part}/{metric}"
        points = {each.epoch: each.metrics[key] for each in records if key in each.metrics}
        if key in summary:
            points[kept] = summary[key]
        points = {epoch: value for epoch, value in points.items() if not math.isnan(value)}
        if points:
            found.append(Curve(part, points))
    return found


def value_range(curves: Sequence[Curve]) -> tuple[float, float]:
    """Return the lowest and the highest value after the first tenth of the epochs.

    What comes before is often so far away that all the rest would be one flat line.
    """
    epochs = max(max(curve.points) for curve in curves)
    late = [
        value for curve in curves for epoch, value in curve.points.items() if epoch > epochs // 10
    ]
    return min(late), max(late)


@dataclass(frozen=True)
class Predicted:
    """A number that is predicted of each test image, beside the true one.

    Attributes:
        number: of those that are predicted, from 0.
        truth: (n,) what is true.
        answer: (n,) what was predicted.
    """

    number: int
    truth: NDArray[np.float64]
    answer: NDArray[np.float64]

    @property
    def limits(self) -> tuple[float, float]:
        """The least and the greatest of all these."""
        both = np.concatenate([self.truth, self.answer])
        return float(both.min()), float(both.max())

    @property
    def explained(self) -> float:
        """The part of the variance that is explained, R²; NaN where nothing varies."""
        spread = np.square(self.truth - self.truth.mean()).sum()
        left = np.square(self.truth - self.answer).sum()
        return float(1 - left / spread) if spread else math.nan


def predicted(labels: NDArray[Any], answers: NDArray[np.float64]) -> list[Predicted]:
    """Return what is predicted beside what is true.

    Args:
        labels: (n, outputs) what is true.
        answers: (n, outputs) what was predicted.
    """
    pairs = zip(labels.T.astype(np.float64), answers.T, strict=True)
    return [Predicted(number, truth, answer) for number, (truth, answer) in enumerate(pairs)]


def confusion(labels: NDArray[Any], probabilities: NDArray[Any]) -> NDArray[np.int64]:
    """Return how often each class (row) was given each answer (column).

    Args:
        labels: (n,) the right classes.
        probabilities: (n, classes) the answers.
    """
    classes = probabilities.shape[1]
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (labels, probabilities.argmax(axis=1)), 1)
    return counts


def confusion_rows(counts: NDArray[np.int64], names: Sequence[str]) -> list[list[object]]:
    """Return the rows of a table: the answers, then each class with how often it got which.

    Args:
        counts: as :func:`confusion` returns them.
        names: of the classes.
    """
    rows = zip(names, counts.tolist(), strict=True)
    return [["truth", *names], *([name, *row] for name, row in rows)]


def mistake_shares(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return each number as a share of that of the most frequent mistake; 0 for what is right.

    Args:
        counts: as :func:`confusion` returns them.
    """
    wrong = counts - np.diag(counts.diagonal())
    shares: NDArray[np.float64] = wrong / max(int(wrong.max()), 1)
    return shares


def most_confused(counts: NDArray[np.int64], at_most: int) -> list[tuple[int, int, int]]:
    """Return the truths, answers and numbers of the most frequent mistakes, those first.

    Args:
        counts: as :func:`confusion` returns them.
        at_most: how many.
    """
    wrong = counts - np.diag(counts.diagonal())
    order = np.argsort(-wrong, axis=None, kind="stable")[:at_most]
    places = (divmod(int(place), len(counts)) for place in order)
    return [(row, column, int(wrong[row, column])) for row, column in places if wrong[row, column]]


@dataclass(frozen=True)
class Mistake:
    """An image that got a wrong answer.

    Attributes:
        number: its place among the test images, from 0.
        truth: the right class.
        answer: the class that it was taken for.
        confidence: the probability of that answer.
    """

    number: int
    truth: int
    answer: int
    confidence: float


def worst(labels: NDArray[Any], probabilities: NDArray[Any], at_most: int) -> list[Mistake]:
    """Return the wrong answers, the one that thought the truth least probable first.

    Args:
        labels: (n,) the right classes.
        probabilities: (n, classes) the answers.
        at_most: how many.
    """
    answers = probabilities.argmax(axis=1)
    of_truth = probabilities[np.arange(len(labels)), labels]
    order = np.argsort(of_truth, kind="stable")
    wrong = order[answers[order] != labels[order]][:at_most]
    return [
        Mistake(int(i), int(labels[i]), int(answers[i]), float(probabilities[i, answers[i]]))
        for i in wrong
    ]
