import math

import numpy as np
import pytest
from scipy.stats import ttest_ind

from sweep.results.significance import SIGNIFICANCE, p_values

NAN = float("nan")


def of(*samples):
    """Return the p-values of configurations with these values, the best one first."""
    deviations = [np.std(each, ddof=1) if len(each) > 1 else NAN for each in samples]
    return p_values(
        np.array([np.mean(each) for each in samples]),
        np.array(deviations),
        np.array([len(each) for each in samples]),
    )


def test_two_by_hand():
    """Two seeds each: variance 0.005, squared errors 0.0025, t = 0.4 / sqrt(0.005) = sqrt(32).

    Two degrees of freedom, for which Student's distribution is 1/2 + t / (2 sqrt(2 + t²)).
    """
    assert np.isnan(of([0.9, 1.0], [0.5, 0.6])[0])
    assert of([0.9, 1.0], [0.5, 0.6])[1] == pytest.approx(1 - math.sqrt(32 / 34), rel=1e-9)


def test_three_by_hand_with_holms_correction():
    """The second's t is sqrt(32), the third's sqrt(72); the smallest of two p-values counts twice.

    Twice 0.0136 is less than 0.0299, and the next one is not doubled.
    """
    expected = [1 - math.sqrt(32 / 34), 2 * (1 - math.sqrt(72 / 74))]
    assert of([0.9, 1.0], [0.5, 0.6], [0.3, 0.4])[1:] == pytest.approx(expected, rel=1e-9)


def test_adjusted_values_never_fall():
    """Of two equal p-values of 0.0299 the first counts twice, and the second no less."""
    p = of([0.9, 1.0], [0.5, 0.6], [0.5, 0.6])
    assert p[1:] == pytest.approx([2 * (1 - math.sqrt(32 / 34))] * 2, rel=1e-9)
    assert of([0.9, 1.0], [0.9, 1.0], [0.9, 1.0])[1:].tolist() == [1.0, 1.0]


def two_sided(t):
    """Return the p-value of Student's t with three degrees of freedom."""
    area = t / math.sqrt(3) / (1 + t**2 / 3) + math.atan(t / math.sqrt(3))
    return 1 - 2 / math.pi * area


def test_one_seed_borrows_the_noise_of_the_others():
    """Variance 0.005 with three degrees of freedom: t = 0.2 / sqrt(0.0025 + 0.005).

    By Welch and Satterthwaite it would have 3.86, more than there are in the whole table.
    """
    p = of([0.9, 1.0], [0.75], [0.5, 0.6], [0.3, 0.4])
    assert p[1] == pytest.approx(two_sided(0.2 / math.sqrt(0.0075)), rel=1e-9)


def test_a_best_with_one_seed_is_not_certain():
    alone, borrowed = of([0.98], [0.96, 0.97, 0.965])[1], of([0.98], [0.5, 0.51, 0.505])[1]
    assert alone > SIGNIFICANCE > borrowed


def test_seeds_that_agree_borrow_too():
    """Accuracies are fractions of few images, so equal ones happen: no sign of no noise.

    The variance is the third's, 0.005, with one degree of freedom: t = 0.1 / sqrt(0.005).
    """
    p = of([0.95, 0.95], [0.85, 0.85], [0.05, 0.15])
    expected = 1 - 2 / math.pi * math.atan(0.1 / math.sqrt(0.005))
    assert p[1] == pytest.approx(expected, rel=1e-9)
    assert p[2] < p[1]


@pytest.mark.parametrize("died", [0, 3])
def test_runs_that_died_take_no_noise_away(died):
    """One seed against five: t = 0.007 / sqrt(0.004² + 0.004² / 5), with four degrees of freedom.

    Rows that died are far away, and so the one in question has the largest p-value.
    """
    means, deviations = [0.951, 0.944, *[0.1] * died], [NAN, 0.004, *[0.0] * died]
    p = p_values(np.array(means), np.array(deviations), np.array([1, 5, *[5] * died]))
    t = 0.007 / math.sqrt(0.004**2 * 1.2)
    assert p[1] == pytest.approx(1 - t / math.sqrt(4 + t**2) * (1 + 2 / (4 + t**2)), rel=1e-9)
    assert p[1] == pytest.approx(0.185, abs=5e-4)


@pytest.mark.parametrize("died", [2, 10])
def test_equal_rows_are_rarely_told_apart_beside_runs_that_died(died):
    """Five seeds and one of the same distribution: one in twenty, where it was one in four."""
    random, tables = np.random.default_rng(0), 2000
    found = 0
    for _ in range(tables):
        five, one = random.standard_normal(5), random.standard_normal()
        rows = sorted([(five.mean(), five.std(ddof=1), 5), (one, NAN, 1)], reverse=True)
        means, deviations, seeds = zip(*rows, *[(-100.0, 0.0, 5)] * died, strict=True)
        found += p_values(*map(np.array, (means, deviations, seeds)))[1] < SIGNIFICANCE
    assert found <= 0.07 * tables


def test_no_noise_anywhere():
    assert of([0.5, 0.5], [0.5, 0.5], [0.25, 0.25, 0.25])[1:].tolist() == [1.0, 0.0]


def test_alone():
    assert np.isnan(of([0.5, 0.6])).tolist() == [True]


@pytest.mark.parametrize("seeds", [(2, 2), (3, 5), (10, 2)])
def test_as_scipy_has_it(seeds):
    random = np.random.default_rng(0)
    samples = [random.normal(0.9 - 0.1 * number, 0.1, n) for number, n in enumerate(seeds)]
    expected = ttest_ind(*samples, equal_var=False).pvalue
    assert of(*samples)[1] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("seeds", [3, 10])
def test_the_truly_best_is_among_those_that_are_marked(seeds):
    """Of 20 equal configurations with different noise, any is truly best: take the first.

    Without Holm's correction it would not be marked in 15% to 21% of the tables.
    """
    random, lost, tables = np.random.default_rng(0), 0, 2000
    noise = np.linspace(1, 10, 20)[:, None]
    for _ in range(tables):
        values = noise * random.standard_normal((20, seeds))
        means = values.mean(axis=1)
        order = np.argsort(-means)
        p = p_values(means[order], values.std(axis=1, ddof=1)[order], np.full(20, seeds))
        lost += bool(p[list(order).index(0)] < SIGNIFICANCE)
    assert lost <= 0.05 * tables
