"""Python looks for garbage less often in a command's process, and as usual where runs train."""

import gc

from sweep.garbage import USUAL, look_as_usual, look_seldom


def test_garbage_is_looked_for_seldom_and_then_as_usual():
    look_seldom()
    assert gc.get_threshold() == (50_000, *USUAL[1:])
    assert gc.isenabled()
    look_as_usual()
    assert gc.get_threshold() == USUAL
