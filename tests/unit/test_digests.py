"""Digests as ``printf TEXT | sha256sum | cut -c1-16`` has them."""

from sweep.digests import identity_of, short_digest


def test_of_texts():
    assert short_digest("") == "e3b0c44298fc1c14"
    assert short_digest('{"a": [1, null], "\\u00e4": 2}') == "0c4c5d6d1d5d9839"


def test_of_values_keys_have_no_order():
    assert identity_of({"ä": 2, "a": [1, None]}) == "0c4c5d6d1d5d9839"
    assert identity_of({"a": (1, None), "ä": 2}) == "0c4c5d6d1d5d9839"
