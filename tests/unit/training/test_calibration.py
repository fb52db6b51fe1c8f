"""The temperature is the one that answers were drawn with, and rare answers are doubtful."""

import numpy as np
import pytest
from scipy.special import softmax

from sweep.training.calibration import DOUBTFUL, MANY, WRONG, least_probability, temperature

SCORES = np.random.default_rng(0).normal(0, 2, (20_000, 5))
CHANCE = np.random.default_rng(1).random((len(SCORES), 1))
DRAWN = (softmax(SCORES, axis=1).cumsum(axis=1) < CHANCE).sum(axis=1).clip(0, 4)


@pytest.mark.parametrize("true", [0.5, 1.0, 3.0])
def test_it_is_the_one_that_labels_were_drawn_with(true):
    found = temperature(softmax(SCORES * true, axis=1), DRAWN)
    assert found == pytest.approx(true, rel=0.03)


@pytest.mark.parametrize("count", [5, 10, 50])
def test_few_answers_that_are_all_right_leave_probabilities_as_they_are(count):
    answers = np.tile([0.6, 0.4], (count, 1))
    assert temperature(answers, np.zeros(count, int)) == 1
    assert least_probability(answers) == 0


def test_so_many_answers_have_to_be_wrong():
    answers, labels = np.tile([0.99, 0.01], (50, 1)), np.zeros(50, int)
    labels[: WRONG - 1] = 1
    assert temperature(answers, labels) == 1
    labels[:WRONG] = 1
    assert temperature(answers, labels) > 1.2


def test_of_few_images_it_is_nearer_to_1():
    some = slice(100)
    few = temperature(softmax(SCORES[some] * 3, axis=1), DRAWN[some])
    assert 1.2 < few < 2.5


def test_answers_that_are_sure():
    certain, labels = np.eye(3)[np.arange(60) % 3], np.arange(60) % 3
    assert temperature(certain, labels) == 1
    labels[:20] = 0
    assert 1 < temperature(certain, labels) < np.inf


def test_all_but_a_share_reach_the_least_probability():
    probabilities = softmax(SCORES, axis=1)
    least = least_probability(probabilities)
    assert (probabilities.max(axis=1) < least).mean() == pytest.approx(DOUBTFUL, abs=1e-3)


def test_few_images_do_not_tell_which_probability_is_rare():
    probabilities = softmax(SCORES, axis=1)
    assert least_probability(probabilities[: MANY - 1]) == 0
    assert least_probability(probabilities[:MANY]) > 0.2
