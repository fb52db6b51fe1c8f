"""Rungs by value: where they are, and who goes on from them."""

import math

import numpy as np
import pytest

from sweep.config.compose import load
from sweep.search.choices import PRUNERS
from sweep.search.rungs import promotable, ranked, rungs_from


@pytest.mark.parametrize(
    ("first", "factor", "epochs", "rungs"),
    [
        (1, 3, 9, (1, 3)),  # the paper's: r=1, R=9, eta=3; those at 9 are trained to their end
        (1, 3, 10, (1, 3, 9)),
        (2, 2, 9, (2, 4, 8)),
        (5, 4, 6, (5,)),
        (1, 3, 1, ()),
    ],
)
def test_rungs(first, factor, epochs, rungs):
    assert rungs_from(first, factor, epochs) == rungs


def test_successive_halving_has_one_bracket():
    search = load("search.min_epochs=2", "search.reduction_factor=4").search
    brackets = PRUNERS["asha"](search, 64)
    assert (brackets.rungs, brackets.factor) == (((2, 8, 32),), 4)
    assert {brackets.of(number) for number in range(100)} == {0}


def test_hyperband_has_a_bracket_for_each_rung_and_one_without():
    """Its shares are those of its paper for R=81 and eta=3: n = ceil(B / R * eta^s / (s + 1))."""
    brackets = PRUNERS["hyperband"](load().search, 81)
    assert brackets.rungs == ((1, 3, 9, 27), (3, 9, 27), (9, 27), (27,), ())
    assert brackets.shares == (81, 34, 15, 8, 5)
    shares = [[brackets.of(143 * k + n) for n in range(143)] for k in range(2)]
    assert shares[0] == shares[1] == [0] * 81 + [1] * 34 + [2] * 15 + [3] * 8 + [4] * 5


def naive(values, factor, maximize):
    """Return the top 1/factor, as algorithm 2 has it, from all values at once."""
    worst_last = np.where(np.isnan(values), np.inf, -values if maximize else values)
    best = np.argsort(worst_last, kind="stable")[: len(values) // factor]
    return [int(each) for each in best if not np.isnan(values[each])]


@pytest.mark.parametrize("maximize", [True, False])
@pytest.mark.parametrize("factor", [2, 3, 4])
def test_the_top_of_a_rung_goes_on_once(factor, maximize):
    generator = np.random.default_rng(0)
    for size in range(40):
        values = generator.integers(0, 6, size).astype(float)  # many are equal
        values[generator.random(size) < 0.2] = math.nan
        reached, expected = dict(enumerate(values)), naive(values, factor, maximize)
        assert promotable(reached, (), factor, maximize) == expected
        assert promotable(reached, expected[::2], factor, maximize) == expected[1::2]


def test_what_is_no_number_counts_and_never_goes_on():
    assert promotable({0: math.nan, 1: math.nan, 2: 0.1}, (), 3, maximize=True) == [2]
    assert promotable(dict.fromkeys(range(6), math.nan), (), 3, maximize=False) == []
    assert ranked({0: math.nan, 1: -math.inf, 2: 0.1}, maximize=True) == [2, 1]


def test_of_equal_ones_the_first_goes_on():
    assert promotable({4: 0.5, 2: 0.5, 7: 0.5}, (), 3, maximize=True) == [2]
    assert promotable({4: 0.5, 2: 0.5, 7: 0.5}, (), 3, maximize=False) == [2]
