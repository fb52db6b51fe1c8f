"""Numbers are recorded, read, written and read again to the last bit; rounded only for eyes."""

import io
import json
import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as some
from store import Store

from sweep.config.compose import load
from sweep.config.params import as_text, params
from sweep.config.ranges import parse_overrides
from sweep.config.recorded import to_yaml
from sweep.errors import in_full
from sweep.results.aggregate import COUNTS
from sweep.results.cells import ranked_cells, seed_cells, settings_in_full
from sweep.results.export import export
from sweep.results.values import (
    are_finite,
    as_numbers,
    as_whole,
    distinct_values,
    numbers_beside_null,
    text,
    told_apart,
)

UNHURRIED = settings(deadline=None)  # however busy the machine is
FLOATS = some.floats(allow_nan=False, allow_infinity=False)
SIMILAR = [0.3, 0.1 + 0.2, math.nextafter(0.3, 0)]


def recorded(values):
    """Return values as they are read from the record."""
    return pd.Series([None if value is None else as_text(value) for value in values], dtype=object)


def table(values, key="optim.lr"):
    """Return a table as the leaderboard is, with these values of a parameter."""
    found = pd.DataFrame({"rank": range(1, len(values) + 1), key: as_numbers(recorded(values))})
    found.attrs["parameters"] = [key]
    return found


def bits(values):
    return [float(value).hex() for value in values]


def read_again(file):
    """Return the column of the parameter, as each format is read."""
    match file.suffix:
        case ".csv":
            return pd.read_csv(file, float_precision="round_trip")["optim.lr"]
        case ".json":
            return [row["optim.lr"] for row in json.loads(file.read_text())]
        case ".parquet":
            return pd.read_parquet(file)["optim.lr"]
        case ".md":
            rows = [re.split(r"\s*\|\s*", line) for line in file.read_text().splitlines()[2:]]
            return [float(row[2]) for row in rows]


@pytest.mark.parametrize("suffix", [".csv", ".json", ".md", ".parquet"])
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(values=some.lists(FLOATS, min_size=1))
@example(values=[0.23689250413780372, *SIMILAR, 5e-324, 1.7976931348623157e308, -0.0])
def test_files_have_the_numbers_that_were_recorded(suffix, values):
    file = Path(f"board{suffix}")
    export(table(values), file)
    assert bits(read_again(file)) == bits(values)


def test_a_cell_of_markdown_is_whole_whatever_is_in_it():
    texts = ["x|y", "C:\\d", "one\ntwo", None]
    export(pd.DataFrame({"a|b": texts}), Path("board.md"))
    header, _, *rows = Path("board.md").read_text().splitlines()
    cells = [line.removeprefix("|").removesuffix("|").strip() for line in (header, *rows)]
    assert cells == [r"a\|b", r"x\|y", r"C:\\d", "one<br>two", ""]


def test_a_format_is_known_by_a_suffix_in_any_letters():
    export(table([0.25]), Path("board.CSV"))
    assert bits(pd.read_csv("board.CSV")["optim.lr"]) == bits([0.25])


@UNHURRIED
@given(FLOATS)
@example(0.1 + 0.2)
@example(1e-05)
@example(1e22)
def test_an_override_of_a_number_in_full_is_that_number(value):
    (row,) = settings_in_full(table([value]))
    (override,) = parse_overrides([row])
    assert bits([override.value()]) == bits([value])
    (override,) = parse_overrides([f"optim.lr={in_full(value)}"])
    assert override.value() == value


def test_a_row_s_parameters_have_their_values_as_in_overrides():
    columns = {"init_from": ["a, b.params", None], "model.hidden": ["[128, 64]", "[8]"]}
    columns |= {"model.clip": [math.inf, 1.0]}
    ranked = pd.DataFrame(columns)
    ranked.attrs["parameters"] = [*columns]
    assert settings_in_full(ranked) == [
        "init_from='a, b.params' model.hidden=[128,64] model.clip=inf",
        "model.hidden=[8] model.clip=1.0",
    ]


@pytest.fixture(scope="module")
def config():
    return load()


@UNHURRIED
@given(value=some.floats(min_value=0, exclude_min=True, allow_infinity=False))
@example(value=0.1 + 0.2)
@example(value=5e-324)
def test_what_is_recorded_of_a_run_is_what_is_trained(config, value):
    changed = replace(config, optim=replace(config.optim, lr=value))
    assert bits([params(changed)["optim.lr"]]) == bits([value])
    assert bits([yaml.safe_load(to_yaml(changed))["optim"]["lr"]]) == bits([value])


def test_a_store_keeps_all_bits(tmp_path):
    store = Store(tmp_path)
    values = [*SIMILAR, 0.23689250413780372, 5e-324, 1.7976931348623155e308, 1e22, 1e-05]
    for value in values:
        store.run("floats", params={"optim.lr": value}, metrics={"val/accuracy": value})
    table = store.table("floats")
    assert bits(table["optim.lr"]) == bits(sorted(values, reverse=True))
    assert bits(table["val/accuracy"]) == bits(sorted(values, reverse=True))
    assert list(store.by_seed("floats")["optim.lr"]) == list(table["optim.lr"])


@UNHURRIED
@given(some.lists(FLOATS, min_size=1, unique=True))
@example(SIMILAR)
def test_different_numbers_are_different_rows_and_look_different(values):
    shown = ranked_cells(table(values), "val/accuracy")["optim.lr"]
    assert len({*told_apart(values)}) == len({*shown}) == len(values)


def test_large_numbers_of_seeds_have_separators():
    counts = pd.DataFrame(
        {key: [0, 0] for key in COUNTS} | {"seeds": [1500, 2], "failed": [1200, 0]}
    )
    assert seed_cells(counts) == {"seeds": ["1,500 (1,200 failed)", "2"]}


def test_numbers_beside_null_are_numbers_and_no_others():
    assert numbers_beside_null(["null", "10", None, "2"]) == {"10": 10, "2": 2}
    assert numbers_beside_null(["1e-05", "null"]) == {"1e-05": 1e-05}
    for others in (["10", "2"], ["null"], ["null", "10", "[8]"], [0.5, None], []):
        assert numbers_beside_null(others) == {}


def test_numbers_beside_null_are_as_short_as_others():
    texts = ["0.123456789012", "null", "0.30000000000000004", "0.3", "16", None]
    shown = ["0.1235", "null", "0.30000000000000004", "0.3", "16", ""]
    assert told_apart(texts) == shown
    ranked = pd.DataFrame({"rank": range(1, 7), "optim.clip_norm": texts})
    ranked.attrs["parameters"] = ["optim.clip_norm"]
    assert ranked_cells(ranked, "val/accuracy")["optim.clip_norm"] == [*shown[:4], "16.0", ""]
    # Digits of a digest are no number that could be rounded.
    assert told_apart(["123456789012e3", "abc"]) == ["123456789012e3", "abc"]


def test_texts_of_one_number_have_one_order():
    assert distinct_values(["1.0", "null", "1", "1.00"]) == ["1", "1.0", "1.00", "null"]


def test_most_numbers_are_short():
    values = [0.23689250413780372, *SIMILAR[:2], 16.0]
    assert told_apart(values) == ["0.2369", "0.3", "0.30000000000000004", "16"]
    assert told_apart([0.5, None, float("nan"), pd.NA]) == ["0.5", "", "", ""]
    assert told_apart(["relu", 16], text) == ["relu", "16"]


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["32", None, "64"], [32, None, 64]),
        (["-1", None], [-1, None]),
        ([None, "9007199254740993"], [None, 9007199254740993]),
    ],
)
def test_whole_numbers_stay_whole_where_some_runs_have_none(texts, values):
    found = as_numbers(pd.Series(texts, dtype=object))
    assert [None if pd.isna(each) else each for each in found] == values
    file = io.StringIO()
    found.to_csv(file, index=False, header=False, na_rep="none")
    assert file.getvalue().split() == ["none" if each is None else str(each) for each in values]


def test_a_whole_number_that_no_column_holds_is_in_full():
    found = as_numbers(pd.Series([None, "9300000000000000000"], dtype=object))
    assert str(found[1]) == "9300000000000000000"


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([3.0, None], "Int64"),
        ([None], "Int64"),
        ([3.0, 12.4], "float64"),
        ([3.0, math.inf], "float64"),
        ([1.7976931348623157e308], "float64"),
    ],
)
def test_measured_numbers_are_whole_if_all_are(values, kind):
    found = as_whole(pd.Series(values, dtype="float64"))
    assert str(found.dtype) == kind
    assert [None if pd.isna(each) else each for each in found] == values


def test_what_has_a_place_on_an_axis():
    assert are_finite([1, 0.5, np.int64(3), np.float64(0.25)])
    for other in (math.inf, -math.inf, math.nan, np.float64("inf"), "null", "[8]"):
        assert not are_finite([1, other])


def test_one_fraction_makes_fractions_of_all():
    found = as_numbers(pd.Series(["1", "0.5", None], dtype=object))
    assert found.dtype == "float64"
    assert list(found[:2]) == [1.0, 0.5]


@pytest.mark.parametrize("texts", [["[8]", "16"], ["true"], ["1e"], ["0x10"]])
def test_what_is_no_number(texts):
    with pytest.raises((ValueError, TypeError)):
        as_numbers(pd.Series(texts, dtype=object))


@pytest.mark.parametrize("texts", [["99999999999999999999"], [None, "-99999999999999999999", "1"]])
def test_whole_numbers_that_no_column_holds_stay_texts(texts):
    with pytest.raises(ValueError, match="^Integer out of range"):
        as_numbers(pd.Series(texts, dtype=object))


@pytest.mark.parametrize(
    ("number", "written"),
    [(5.0, "5"), (1.5, "1.5"), (1234567.0, "1234567"), (0.1 + 0.2, "0.30000000000000004")],
)
def test_a_number_in_a_message_is_in_full(number, written):
    assert in_full(number) == written
