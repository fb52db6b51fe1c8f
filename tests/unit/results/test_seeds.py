"""Which rows may be the best after each look, and how often the truly best one is lost."""

import math

import numpy as np
import pytest
from scipy.stats import ttest_rel

from sweep.results.seeds import ERROR, beaten, levels, looks, standing

NAN = float("nan")
TABLES = 200


def of(scores, least=2, failed=()):
    scores = np.array(scores, float)
    flags = np.zeros(scores.shape, bool)
    for cell in failed:
        flags[cell] = True
    return standing(scores, flags, least)


def wanted(found):
    return [tuple(cell) for cell in np.argwhere(found.wanted).tolist()]


def test_looks_are_further_apart_the_more_seeds_there_are():
    assert looks(3, 20) == [3, 4, 5, 7, 9, 12, 15, 19, 20]
    assert looks(2, 2) == [2]
    assert looks(2, 5) == [2, 3, 4, 5]


def test_levels_by_hand():
    """With 2 of 4 seeds, log(1 + 1.718 / 2) = 0.6201 of the error is spent; all of it with 4."""
    found = levels(2, 4)
    assert [*found] == [2, 3, 4]
    assert found[2] == pytest.approx(0.05 * math.log((1 + math.e) / 2))
    assert found[2] + found[3] == pytest.approx(0.05 * math.log(1 + 0.75 * (math.e - 1)))
    assert sum(levels(3, 20).values()) == pytest.approx(ERROR)


@pytest.mark.parametrize("place", [-1e-6, 1e-6])
def test_a_row_is_beaten_by_the_t_test_of_its_pairs(place):
    random = np.random.default_rng(0)
    one, other = random.normal(0.9, 0.1, 6), random.normal(0.7, 0.1, 6)
    p = ttest_rel(one, other, alternative="greater").pvalue
    assert beaten(np.array([other, one]), p + place).tolist() == [place > 0, False]


def test_pairs_that_agree_have_the_noise_of_rounding():
    """Steps of 0.002: the difference of 0.002 has a deviation of 0.002 / sqrt(6), so t = sqrt(18).

    With two degrees of freedom, p is half of 1 - t / sqrt(2 + t²) = 0.0257.
    """
    scores = np.array([[0.952, 0.954, 0.956], [0.95, 0.952, 0.954]])
    p = (1 - math.sqrt(18 / 20)) / 2
    assert beaten(scores, p * 0.999).tolist() == [False, False]
    assert beaten(scores, p * 1.001).tolist() == [False, True]


def test_equal_rows_are_never_told_apart():
    found = of([[0.5] * 4, [0.5] * 4])
    assert (found.tied.tolist(), found.seeds.tolist(), found.looks) == ([True, True], [4, 4], 3)
    assert found.is_over


def test_all_runs_of_a_look_are_wanted_together():
    found = of([[0.9, NAN, NAN], [NAN, NAN, NAN]])
    assert wanted(found) == [(0, 1), (1, 0), (1, 1)]
    assert (found.looks, found.tied.all(), found.is_over) == (0, True, False)


def test_only_rows_that_may_be_the_best_get_more_seeds():
    """The second is 0.5 behind with a deviation of 0.001; the third is not behind."""
    found = of([[0.9, 0.901, NAN, NAN], [0.4, 0.4, NAN, NAN], [0.899, 0.903, NAN, NAN]])
    assert wanted(found) == [(0, 2), (2, 2)]
    assert found.seeds.tolist() == [2, 2, 2]
    assert found.tied.tolist() == [True, False, True]


def test_it_is_decided_when_one_row_is_left():
    found = of([[0.9, 0.901, NAN, NAN], [0.4, 0.4, NAN, NAN]])
    assert (wanted(found), found.tied.tolist(), found.looks) == ([], [True, False], 1)


def test_one_row_alone_gets_the_least():
    found = of([[0.9, 0.8, NAN, NAN]])
    assert (wanted(found), found.seeds.tolist(), found.tied.tolist()) == ([], [2], [True])


def test_a_row_with_a_failed_run_is_out_and_wants_nothing():
    scores = [[0.9, 0.7, NAN], [NAN, 0.9, NAN], [0.7, 0.9, NAN]]
    found = of(scores, failed=[(1, 0)])
    assert found.failed.tolist() == [False, True, False]
    assert found.tied.tolist() == [True, False, True]
    assert wanted(found) == [(0, 2), (2, 2)]


def test_where_all_rows_failed_none_is_best():
    found = of([[NAN, 0.9, NAN], [NAN, NAN, NAN]], failed=[(0, 0), (1, 0)])
    assert (found.tied.any(), found.is_over, found.failed.all()) == (False, True, True)


def test_what_is_known_beyond_a_look_changes_nothing_of_it():
    random = np.random.default_rng(0)
    scores = random.normal(np.linspace(0, 2, 6)[:, None], 1, (6, 12))
    whole = of(scores, least=3)
    known = np.full(scores.shape, NAN)
    for _ in range(20):
        found = of(known, least=3)
        if found.is_over:
            break
        known[found.wanted] = scores[found.wanted]
    assert (found.tied.tolist(), found.seeds.tolist()) == (
        whole.tied.tolist(),
        whole.seeds.tolist(),
    )
    assert np.isfinite(known).sum() == whole.seeds.sum() < scores.size


def normal(random, rows):
    return random.standard_normal((rows, 20))


def unequal(random, rows):
    return np.linspace(0.1, 3, rows)[random.permutation(rows)][:, None] * normal(random, rows)


def heavy(random, rows):
    return random.standard_t(3, (rows, 20))


@pytest.mark.parametrize("noise", [normal, unequal, heavy])
@pytest.mark.parametrize("rows", [2, 6])
def test_the_truly_best_row_is_lost_in_fewer_than_5_of_100_tables(noise, rows):
    """All rows are equally good, so any is truly best: take the first."""
    random, lost = np.random.default_rng(0), 0
    for _ in range(TABLES):
        lost += not of(noise(random, rows), least=3).tied[0]
    assert 0 < lost <= ERROR * TABLES
