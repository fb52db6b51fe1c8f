"""Which images a model is judged by."""

import numpy as np
import pytest

from sweep.runs.judging import AT_MOST, some_of


@pytest.mark.parametrize("count", [0, 1, 7, AT_MOST - 1, AT_MOST])
def test_all_of_them_where_they_are_not_too_many(count):
    index = np.arange(count, dtype=np.int32)[::-1]
    assert some_of(index).tolist() == index.tolist()


def test_those_of_all_classes_where_they_are_sorted():
    index = np.arange(10 * AT_MOST, dtype=np.int32) + 5
    found = some_of(index)
    assert (len(set(found.tolist())), found.dtype) == (AT_MOST, np.int32)
    assert (found[0], found[-1]) == (index[0], index[-1])
    assert np.bincount((found - 5) // AT_MOST, minlength=10) == pytest.approx(AT_MOST / 10, abs=1)
