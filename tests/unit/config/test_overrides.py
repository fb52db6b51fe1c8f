"""Values as overrides have them."""

import pytest

from sweep.config.overrides import as_value, written
from sweep.config.ranges import parse_overrides


@pytest.mark.parametrize(
    ("recorded", "as_given"),
    [
        *((each, each) for each in ("0.1", "1e-05", "-3", "true", "null", "relu", "val/accuracy")),
        ("Infinity", "inf"),
        ("[128, 64]", "[128,64]"),
        ('["accuracy", "macro_f1"]', "[accuracy,macro_f1]"),
        ('["it\'s", "3"]', "['it\\'s','3']"),
        ("net (1), a.params", "'net (1), a.params'"),
        ("/data/a, b", "'/data/a, b'"),
        ("${x}", "'\\${x}'"),
        *((each, f"'{each}'") for each in ("1e5", "007", ".5", "NULL", "Nan", "a b", '{"a": 1}')),
        ("", "''"),
    ],
)
def test_a_recorded_value_as_an_override_has_it(recorded, as_given):
    assert as_value(recorded) == as_given


@pytest.mark.parametrize(
    ("value", "as_given"),
    [
        *((each, each) for each in ("net-symbol.json", "../old/net.json", "./net", "/data/net")),
        *((each, f"'{each}'") for each in (".5", "5", "inf", "null", "net (1).json", "")),
        ((33.3, 1.0), "[33.3,1.0]"),
        (255.0, "255.0"),
        (float("inf"), "inf"),
    ],
)
def test_a_value_is_read_back_as_it_is(value, as_given):
    assert written(value) == as_given
    (override,) = parse_overrides([f"model.file={as_given}"])
    read = override.value()
    assert (tuple(read) if isinstance(read, list) else read) == value
