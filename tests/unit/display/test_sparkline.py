import math

import pytest

from sweep.display.sparkline import sparkline


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        ([0, 1, 2, 3, 4, 5, 6, 7, 8], "▁▂▃▄▅▆▇██"),
        ([8, 4, 0], "█▅▁"),
        ([1, 1, 1], "▁▁▁"),
        ([0, math.nan, 8, math.inf], "▁ █ "),
        ([math.nan], " "),
        ([], ""),
    ],
)
def test_a_letter_for_each_value(values, drawn):
    assert sparkline(values, width=20) == drawn


def test_many_values_are_averaged():
    assert sparkline([0, 0, 2, 2, 8, 8, 4, 4], width=4) == "▁▃█▅"
    assert len(sparkline(list(range(1000)), width=40)) == 40


def test_a_terminal_without_such_letters_gets_others():
    assert sparkline([0, 1, 2, 3, 4, 5], width=20, plain=True) == "_.-=*#"
