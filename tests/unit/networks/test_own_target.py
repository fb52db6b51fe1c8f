"""What a user's code raises, in a line."""

import pytest

from sweep.errors import UserError
from sweep.networks.own_target import explained


@pytest.mark.parametrize("at", ["", " (my_nets.py:12)"])
@pytest.mark.parametrize("kind", [ValueError, SystemExit])
def test_what_is_raised_is_told_with_the_place(tmp_path, kind, at):
    begin = "model._target_=my_nets.Net: given 2 images"
    with pytest.raises(UserError) as raised, explained(begin, tmp_path, at):
        raise kind("of two\nlines")
    assert str(raised.value) == f"{begin}: {kind.__name__}: of two lines{at}"


def test_a_place_that_is_told_already_is_told_once(tmp_path):
    (tmp_path / "my_nets.py").write_text("def fails():\n    raise ValueError('none')\n")
    code = compile((tmp_path / "my_nets.py").read_text(), tmp_path / "my_nets.py", "exec")
    names = {}
    exec(code, names)
    with pytest.raises(UserError) as raised, explained("given", tmp_path, " (my_nets.py:1)"):
        names["fails"]()
    assert str(raised.value) == "given: my_nets.py:2: ValueError: none"


def test_what_is_for_people_stays_as_it_is(tmp_path):
    with pytest.raises(UserError) as raised, explained("given", tmp_path, " (my_nets.py:1)"):
        raise UserError("model.width=0: allowed is 1 or more")
    assert str(raised.value) == "model.width=0: allowed is 1 or more"
