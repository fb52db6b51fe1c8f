"""What is said once of all runs of a sweep."""

import pytest

from sweep.display.naming import SharedWords, words


def shared_of(planned, started):
    found = SharedWords()
    for overrides in planned:
        found.plan(overrides)
    for overrides, name in zip(planned, started, strict=False):
        found.start(overrides, name)
    return found


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("optim.lr=0.1 lenet tanh", ["optim.lr=0.1", "lenet", "tanh"]),
        ("model.hidden=[128, 64] mlp", ["model.hidden=[128, 64]", "mlp"]),
        ("a='b c' d={e: f, g: h} i", ["a='b c'", "d={e: f, g: h}", "i"]),
        ('a="b c" [x y', ['a="b c"', "[x", "y"]),
        ("", []),
    ],
)
def test_words(name, expected):
    assert words(name) == expected


def test_what_all_have_and_what_differs():
    planned = ["lr=0.1 epochs=3", "lr=0.2 epochs=3", "lr=0.3 epochs=3"]
    names = [f"{each} mlp mnist_5k" for each in planned]
    found = shared_of(planned, names[:2])
    for name in names[:2]:
        assert found.of(name) == ["epochs=3", "mlp", "mnist_5k"]
    assert found.without(names[1]) == "lr=0.2"


def test_what_a_run_that_waits_will_have_otherwise_is_not_shared():
    planned = ["model=mlp lr=0.1", "model=mlp lr=0.2", "model=lenet lr=0.1"]
    names = ["lr=0.1 mlp mnist_5k", "lr=0.2 mlp mnist_5k", "lr=0.1 lenet mnist_5k"]
    assert shared_of(planned, names[:1]).of(names[0]) == []
    assert shared_of(planned, names[:2]).without(names[1]) == names[1]
    found = shared_of(["lr=0.1", "lr=0.1 wd=1"], ["lr=0.1 mlp"])
    assert found.of("lr=0.1 mlp") == ["lr=0.1", "mlp"]


def test_where_nothing_differs_the_name_is_whole():
    found = shared_of(["lr=0.1", "lr=0.1"], ["lr=0.1 mlp", "lr=0.1 mlp"])
    assert found.without("lr=0.1 mlp") == "lr=0.1 mlp"


def test_a_single_run_shares_nothing():
    found = shared_of(["lr=0.1"], ["lr=0.1 mlp"])
    assert (found.of("lr=0.1 mlp"), found.without("lr=0.1 mlp")) == ([], "lr=0.1 mlp")


def test_a_run_that_starts_again_counts_once():
    found = shared_of(["lr=0.1", "lr=0.2"], ["lr=0.1 mlp"])
    found.start("lr=0.1 mlp", "lr=0.1 mlp")
    assert found.of("lr=0.1 mlp") == ["mlp"]


def test_a_run_that_was_recorded_under_another_name_shares_nothing():
    found = shared_of(["lr=0.1", "lr=0.2"], ["lr=0.1 mlp mnist_5k", "optim.lr=0.2 mlp"])
    assert found.of("lr=0.1 mlp mnist_5k") == []
