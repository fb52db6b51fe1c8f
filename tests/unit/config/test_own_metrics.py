"""Metrics of a user's own: how they are named, and which end is better."""

import re
from dataclasses import replace

import pandas as pd
import pytest

from sweep.config.compose import load
from sweep.config.fingerprint import fingerprint, judged_trajectory, trajectory
from sweep.config.metrics import direction_of, short_name
from sweep.config.own_metrics import ALLOWED, OwnMetric, own_metrics
from sweep.config.params import params
from sweep.config.recorded import from_yaml, to_yaml
from sweep.errors import UserError
from sweep.results.leaderboard import is_ascending
from sweep.results.runs import RecordedRuns

F2 = "metrics=[accuracy,my_metrics.f2@max]"


def test_it_is_recorded_under_the_last_part_of_its_name():
    config = load(F2, "monitor=val/f2")
    own = own_metrics(config.metrics, None, None)
    assert own.chosen == (OwnMetric("my_metrics.f2", "max"),)
    assert [*map(short_name, config.metrics)] == ["accuracy", "f2"]
    assert params(config)["metrics"] == '["accuracy", "my_metrics.f2@max"]'
    assert own.is_unknown
    assert own_metrics(["accuracy", "macro_f1"], None, None) is None


def test_its_modules_are_in_the_fingerprint_and_where_they_are_is_not():
    config = replace(load(F2), metrics_source="0123456789abcdef")
    edited = replace(config, metrics_source="fedcba9876543210")
    moved = replace(config, metrics_folder="elsewhere")
    assert params(config)["metrics_source"] == "0123456789abcdef"
    assert from_yaml(to_yaml(config)) == config
    for identify in (fingerprint, judged_trajectory):
        assert identify(edited, "d") != identify(config, "d") == identify(moved, "d")
    assert trajectory(edited, "d") == trajectory(config, "d")  # they have the same parameters


def test_its_name_says_which_end_is_better():
    measured = ["accuracy", "my.f2@max", "my.miss@min"]
    assert [direction_of(f"val/{name}", measured) for name in ("f2", "miss")] == ["max", "min"]
    assert direction_of("val/loss", measured) == "min"
    with pytest.raises(UserError, match=r"^metric val/f2: say which end is better with "):
        direction_of("val/f2")
    with pytest.raises(UserError, match=r"^metric val/f2: more of it is better in some runs, and "):
        direction_of("val/f2", [*measured, "other.f2@min"])


def test_a_record_says_which_end_is_better():
    table = pd.DataFrame({"metrics": ['["my.miss@min"]', None, '["accuracy"]', "no list", "[1]"]})
    runs = RecordedRuns(None, "sweep", None, pd.DataFrame(), table, pd.DataFrame())
    assert runs.direction("val/miss") == "min"
    assert runs.direction("test/accuracy") == "max"
    assert is_ascending(runs, "val/miss", None)
    assert not is_ascending(runs, "val/miss", "max")
    table.loc[1, "metrics"] = '["other.miss@max"]'
    with pytest.raises(UserError, match=r"^metric val/miss: more of it is better in some runs, "):
        runs.direction("val/miss")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("my.f2", f"metrics=[my.f2]: does not say which end is better; {ALLOWED}"),
        ("my.f2@", f"metrics=[my.f2@]: ends in @; {ALLOWED}"),
        ("my.f2@mox", f"metrics=[my.f2@mox]: ends in @mox (did you mean max?); {ALLOWED}"),
        ("f2@max", f"metrics=[f2@max]: names no module; {ALLOWED}"),
        ("my..f2@max", f"metrics=[my..f2@max]: is no name of a function in a module; {ALLOWED}"),
        (
            "accuracy@max",
            "metrics=[accuracy@max]: accuracy is none of your own; allowed is metrics=[accuracy]",
        ),
        (
            "my.accuracy@max",
            "metrics=[my.accuracy@max]: would be recorded as val/accuracy, which is another "
            "metric; allowed is a function with another name",
        ),
        (
            "my.loss@max",
            "metrics=[my.loss@max]: would be recorded as val/loss, which is another metric; "
            "allowed is a function with another name",
        ),
        (
            "my.f2@max,other.f2@min",
            "metrics=[my.f2@max,other.f2@min]: two of them would be recorded as val/f2; allowed "
            "are functions with different names",
        ),
        (
            "my.f2@max,my.f2@max",
            "metrics=[my.f2@max,my.f2@max]: my.f2@max is there twice; allowed is each once",
        ),
    ],
)
def test_what_is_no_name_of_one(given, expected):
    with pytest.raises(UserError, match=f"^{re.escape(expected)}$"):
        load(f"metrics=[{given}]", "monitor=val/loss")


def test_what_can_be_monitored_and_searched_for():
    assert load(F2, "monitor=val/f2", "search.objectives=[val/f2]").monitor == "val/f2"
    with pytest.raises(UserError, match=r"^monitor=f2: allowed is .*\(did you mean val/f2\?\)$"):
        load(F2, "monitor=f2")
    with pytest.raises(
        UserError, match=r"^monitor=my_metrics\.f2: allowed is val/accuracy, val/f2"
    ):
        load(F2, "monitor=my_metrics.f2")
    with pytest.raises(UserError, match=r"^search\.objectives=\[train/f2\]: allowed is null, or "):
        load(F2, "search.objectives=[train/f2]")


def test_modules_of_none():
    expected = (
        "metrics_source=0123456789abcdef: there is no metric of your own in metrics=[accuracy]; "
        "allowed is null"
    )
    with pytest.raises(UserError, match=f"^{re.escape(expected)}$"):
        load("metrics_source=0123456789abcdef")
