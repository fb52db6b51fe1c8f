"""What is added to a sweep: overrides in the place of its own."""

import pytest

from sweep.sweeps.added import added_before
from sweep.sweeps.combinations import in_the_place_of


@pytest.mark.parametrize(
    ("given", "added", "together"),
    [
        (["optim.lr=1,2", "seed=0,1"], ["optim.lr=3"], ["optim.lr=3", "seed=0,1"]),
        (["optim.lr=1,2"], ["seed=3", "optim.lr=4"], ["optim.lr=4", "seed=3"]),
        (["model=mlp", "epochs=5"], ["model=lenet"], ["model=lenet", "epochs=5"]),
        (["+preset=a", "~freeze"], ["preset=b"], ["preset=b", "~freeze"]),
        ([], ["seed=1"], ["seed=1"]),
    ],
)
def test_overrides_are_put_in_the_place_of_those_of_the_same_fields(given, added, together):
    assert in_the_place_of(given, added) == together


@pytest.mark.parametrize(
    ("tag", "added"),
    [
        (None, []),
        ('[["optim.lr=0.5"], ["seed=1", "epochs=2"]]', [["optim.lr=0.5"], ["seed=1", "epochs=2"]]),
        ("[[", []),
        ('{"a": 1}', []),
        ('[1, [], [2], "seed=1", ["seed=1"]]', [["seed=1"]]),
    ],
)
def test_what_was_added_before_is_read_as_data(tag, added):
    assert added_before(tag) == added
