"""Metrics by value: what scikit-learn says of the same answers."""

import numpy as np
import pytest
from epochwise import CROSS_ENTROPY
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    mean_absolute_error,
    mean_squared_error,
    top_k_accuracy_score,
)

from sweep.backend.mxnet import gluon, mx
from sweep.config.metrics import direction_of, measured_metric
from sweep.data.splits import Split
from sweep.training.loop import Evaluation
from sweep.training.losses.l2 import L2

COUNT = 257  # three batches, the last of another size


def measured(names, scores, labels, loss=CROSS_ENTROPY):
    """Measure a network that answers what it is given."""
    net = gluon.nn.HybridSequential()
    net.add(gluon.nn.Flatten())
    images = scores.astype(np.float32)[:, None, None, :]
    split = Split(images, labels, np.arange(len(labels), dtype=np.int32))
    metrics = [measured_metric(name) for name in names]
    return Evaluation(net, split, metrics, mx.cpu(), loss).measure()


@pytest.fixture(scope="module")
def answers():
    """Scores of twelve classes and the truth; the last two are never true, one never answered."""
    random = np.random.RandomState(1)
    labels = random.randint(0, 10, COUNT)
    scores = random.normal(size=(COUNT, 12))
    scores[np.arange(COUNT), labels] += 1
    scores[:, 11] -= 99
    return scores, labels


def test_of_classes(answers):
    scores, labels = answers
    found = measured(["accuracy", "top5_accuracy", "macro_f1"], scores, labels)
    best = scores.argmax(axis=1)
    assert 10 in best
    assert found["accuracy"] == accuracy_score(labels, best)
    assert found["top5_accuracy"] == pytest.approx(
        top_k_accuracy_score(labels, scores, k=5, labels=range(12)), rel=1e-12
    )
    assert found["macro_f1"] == pytest.approx(f1_score(labels, best, average="macro"), rel=1e-12)


def test_five_classes_are_enough_for_the_first_five(answers):
    scores, labels = answers
    found = measured(["top5_accuracy", "macro_f1"], scores[:, :5], labels % 5)
    best = scores[:, :5].argmax(axis=1)
    assert found["top5_accuracy"] == 1
    assert found["macro_f1"] == pytest.approx(f1_score(labels % 5, best, average="macro"))


@pytest.mark.parametrize("outputs", [1, 3])
def test_of_numbers(outputs):
    random = np.random.RandomState(2)
    truth = random.normal(5, 3, (COUNT, outputs)).astype(np.float32)
    predicted = (truth + random.normal(size=truth.shape)).astype(np.float32)
    found = measured(["mae", "rmse"], predicted, truth, loss=L2("l2"))
    squared = mean_squared_error(truth.astype(float), predicted.astype(float))
    assert found["mae"] == pytest.approx(mean_absolute_error(truth, predicted), rel=1e-5)
    assert found["rmse"] == pytest.approx(np.sqrt(squared), rel=1e-5)
    assert found["loss"] == pytest.approx(squared / 2, rel=1e-5)


def test_which_end_is_better():
    names = ("top5_accuracy", "macro_f1", "mae", "rmse")
    assert [direction_of(f"val/{name}") for name in names] == ["max", "max", "min", "min"]
