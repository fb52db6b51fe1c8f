"""Objects of MXNet's that were not made, as an interrupt leaves them behind."""

import sys

import pytest

from sweep.backend.mxnet import mx, nd
from sweep.backend.unmade import drop_quietly

KINDS = (nd.NDArray, mx.np.ndarray, mx.sym.Symbol, mx.nd._internal.CachedOp)


@pytest.fixture
def complaints(monkeypatch):
    """What Python says of exceptions that go no further."""
    found = []
    monkeypatch.setattr(sys, "unraisablehook", lambda about: found.append(about.exc_value))
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_not_made_is_dropped_without_a_word(kind, complaints):
    unmade = kind.__new__(kind)
    assert not hasattr(unmade, "handle")
    del unmade
    assert complaints == []


def test_what_was_made_is_freed_once(complaints):
    freed = []

    class Made:
        def __del__(self):
            freed.append(self.handle)

    drop_quietly(Made)
    made = Made()
    made.handle = 7
    del made
    Made()
    assert (freed, complaints) == ([7], [])


def test_what_mxnet_says_of_a_wrong_handle_is_still_heard(complaints):
    unmade = nd.NDArray.__new__(nd.NDArray)
    unmade.handle = object()
    del unmade
    assert len(complaints) == 1
