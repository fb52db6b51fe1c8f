"""Where a sweep that was trained from Python is looked up afterwards."""

import pytest

from sweep.commands.notebook import _last_value


@pytest.mark.parametrize("other", ["z=zip(seed=[1,2],epochs=[3,4])", "sweep.where=optim.lr <= 0.5"])
@pytest.mark.parametrize(
    ("given", "uri"),
    [
        ([], None),
        (["tracking.uri=sqlite:///a.db", "++tracking.uri='http://b:1'"], "http://b:1"),
        (["tracking.uri=null"], None),
        ([r"tracking.uri='sqlite:///\${a}.db'"], "sqlite:///${a}.db"),
    ],
)
def test_the_last_address_counts_whatever_else_was_given(given, other, uri):
    assert _last_value("tracking.uri", [*given, other]) == uri
