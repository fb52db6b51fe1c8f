import numpy as np
import pandas as pd
import pytest

from sweep.results.importance import (
    Importance,
    NotComputed,
    _codes,
    importance,
    most_important,
)


@pytest.fixture(scope="module")
def random_search():
    """Sixty runs, whose value is 3a + b², and nothing of c."""
    random = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "c": random.uniform(0, 1, 60),
            "b": random.choice([-1.0, 0.0, 1.0], 60),
            "a": random.choice(["x", "y"], 60),
        }
    )
    return table, list(3.0 * (table["a"] == "x") + table["b"] ** 2)


@pytest.fixture(scope="module")
def found(random_search):
    return importance(*random_search)


def test_parameters_are_ordered_by_what_they_matter(random_search, found):
    assert isinstance(found, Importance)
    assert (found.parameters, found.runs) == (("a", "b", "c"), 60)
    a, b, c = found.means
    # A shuffled parameter is as good as an independent one: the squared error grows by twice the
    # variance that it explains, here 9/4 for a and 2/9 for b.
    variance = np.var(random_search[1])
    assert a == pytest.approx(2 * 9 / 4 / variance, rel=0.25)
    assert b == pytest.approx(2 * 2 / 9 / variance, rel=0.5)
    assert abs(c) < 0.02
    assert 0.9 < found.explained <= 1
    assert all(deviation >= 0 for deviation in found.deviations)


def test_the_same_runs_give_the_same_importance(random_search, found):
    assert importance(*random_search) == found


def test_noise_is_not_explained():
    random = np.random.default_rng(1)
    table = pd.DataFrame({"a": random.uniform(size=40), "b": random.uniform(size=40)})
    found = importance(table, list(random.uniform(size=40)))
    assert isinstance(found, Importance)
    assert found.explained < 0.2


def test_a_run_that_lacks_a_parameter_counts():
    table = pd.DataFrame({"kernels": [None, "[5]", "[3]"] * 8, "lr": [0.1, 0.2] * 12})
    values = [1.0 if kernels is None else 0.0 for kernels in table["kernels"]]
    found = importance(table, values)
    assert isinstance(found, Importance)
    assert found.parameters[0] == "kernels"


def test_numbers_beside_null_are_in_their_order_and_null_is_apart():
    """A tree splits at one place what is better up to 9, but not if 10 comes before 2."""
    sizes = [*(str(size) for size in range(2, 13)), "null", None]
    assert _codes(pd.Series(sizes, dtype=object)) == [*range(12), -1]
    assert _codes(pd.Series(["null", "0.5", "1e-05"])) == [2, 1, 0]
    assert _codes(pd.Series([3.0, float("nan"), 1.0])) == [1, -1, 0]


@pytest.mark.parametrize(
    ("table", "values", "reason"),
    [
        (
            {"a": [1, 2]},
            [0.1, 0.2],
            "fewer than two parameters vary, so there is nothing to compare",
        ),
        (
            {"a": [1, 2] * 5, "b": range(10)},
            range(10),
            "10 finished runs are too few to tell; it takes 12 or more",
        ),
        ({"a": [1, 2] * 6, "b": range(12)}, [0.5] * 12, "all runs have the same value"),
    ],
)
def test_where_it_cannot_be_computed_it_says_why(table, values, reason):
    assert importance(pd.DataFrame(table), list(values)) == NotComputed(reason)


def test_of_few_runs_the_parameter_that_divides_them_best():
    table = pd.DataFrame({"lr": [1, 1, 2, 2], "wd": [1, 2, 1, 2], "seed": [1, 2, 3, 4]})
    assert most_important(table, [0.9, 0.8, 0.5, 0.4]) == "lr"
    assert most_important(table, [0.9, 0.5, 0.8, 0.4]) == "wd"
    # A parameter that is different in every run divides any values, and says nothing.
    assert most_important(table[["seed", "wd"]], [0.9, 0.5, 0.8, 0.4]) == "wd"


@pytest.mark.parametrize("values", [[0.5, 0.5], [0.5, 0.7]])
def test_the_first_of_equals(values):
    assert most_important(pd.DataFrame({"lr": [1, 2], "wd": [1, 2]}), values) == "lr"
