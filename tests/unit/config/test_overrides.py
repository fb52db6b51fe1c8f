"""Values as overrides have them."""

import pytest

from sweep.config.overrides import as_value


@pytest.mark.parametrize(
    ("recorded", "written"),
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
def test_a_recorded_value_as_an_override_has_it(recorded, written):
    assert as_value(recorded) == written
