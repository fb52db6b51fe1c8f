"""Ranges have the values that one would write down, whatever binary fractions stand for them."""

from decimal import Decimal

import pytest
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hypothesis import given, settings
from hypothesis import strategies as some

from sweep.config.ranges import parse_overrides
from sweep.errors import UserError


def swept(text):
    """Return the values of each run."""
    (batch,) = BasicSweeper.split_arguments(parse_overrides([f"a={text}"]), max_batch_size=None)
    return [override.partition("=")[2] for (override,) in batch]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("range(0.1,0.4,0.1)", "0.1 0.2 0.3"),
        ("range(0.4,0.1,-0.1)", "0.4 0.3 0.2"),
        ("range(0,1,0.25)", "0.0 0.25 0.5 0.75"),
        ("range(1e-3,4e-3,1e-3)", "0.001 0.002 0.003"),
        ("range(3)", "0 1 2"),
        ("range(3,0,-1)", "3 2 1"),
        ("range(0,10,4)", "0 4 8"),
        ("range(3,0)", ""),
        ("float(range(1,3))", "1.0 2.0"),
        ("int(range(1.5,4.5))", "1 2 3"),
        ("sort(range(1.3,0,-0.5))", "0.3 0.8 1.3"),
        ("sort(range(10,0,-4))", "2 6 10"),
        ("sort(range(0,10,4),reverse=true)", "8 4 0"),
        ("sort(range(0,0.3,0.1),reverse=true)", "0.2 0.1 0.0"),
        ("sort(range(0.1,0.4,0.1))", "0.1 0.2 0.3"),
        ("sort(sweep=range(3,0,-1))", "1 2 3"),
        ("sort(3,1,2)", "1 2 3"),
        ("sort(choice(3,1,2),reverse=true)", "3 2 1"),
    ],
)
def test_values(text, values):
    assert swept(text) == values.split()


@settings(deadline=None)  # however busy the machine is
@given(
    some.integers(-999, 999), some.integers(1, 200), some.integers(1, 99), some.sampled_from("123")
)
def test_values_are_exact(first, count, step, places):
    """The numbers are those of a range of whole ones, with the point moved."""
    start, after, size = (
        Decimal(each).scaleb(-int(places)) for each in (first, first + count * step, step)
    )
    expected = [repr(float(start + number * size)) for number in range(count)]
    assert swept(f"range({start},{after},{size})") == expected
    assert swept(f"sort(range({start},{after},{size}),reverse=true)") == expected[::-1]
    last = start + (count - 1) * size
    assert swept(f"sort(range({last},{start - size},{-size}))") == expected


def test_the_order_of_shuffled_values_is_another_but_they_are_the_same():
    assert sorted(swept("shuffle(range(0.1,0.4,0.1))")) == ["0.1", "0.2", "0.3"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("range(1,2,0)", "a=range(1,2,0): has a step of 0; allowed is any other"),
        ("range(0.5,2,0.0)", "a=range(0.5,2,0.0): has a step of 0; allowed is any other"),
        (
            "range(0,inf)",
            "a=range(0,inf): has no end of values; allowed are finite ends and a finite step",
        ),
        (
            "sort(range(0,inf))",
            "a=sort(range(0,inf)): has no end of values; allowed are finite ends and a finite step",
        ),
        (
            "range(true,3)",
            "a=range(true,3): has true or false for a number; allowed are numbers",
        ),
        (
            "sort(range(0,3,true))",
            "a=sort(range(0,3,true)): has true or false for a number; allowed are numbers",
        ),
        *(
            (
                text,
                f"a={text}: has a range or an interval among other values; allowed is one by "
                "itself, or each value written down",
            )
            for text in (
                "range(1,3),5",
                "5,interval(1,3)",
                "sort(range(1,3),5)",
                "sort(5,range(3))",
            )
        ),
        *(
            (
                text,
                f"a={text}: has a range, an interval or choices within a list or a dictionary; "
                "allowed are whole ones, as in [1,5],[2,5]",
            )
            for text in ("[range(1,3),5]", "[[interval(1,3)]]", "[1],[choice(1,2)]")
        ),
        (
            "range(0,2000000000)",
            "a=range(0,2000000000): has too many values; allowed instead: an interval, "
            "int(interval)",
        ),
    ],
)
def test_ranges_that_are_refused(text, message):
    with pytest.raises(UserError) as error:
        parse_overrides([f"a={text}"])
    assert str(error.value) == message
