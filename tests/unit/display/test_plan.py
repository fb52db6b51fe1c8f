import pandas as pd
import pytest

from sweep.config.params import values_of
from sweep.display import console as terminal
from sweep.display import plan
from sweep.display.leaderboard import show_leaderboard


@pytest.fixture
def narrow(monkeypatch):
    """A page on which no line of any length fits."""
    monkeypatch.setattr(terminal, "PLAIN_WIDTH", 40)


def test_a_long_line_stays_one_line(narrow, capsys):
    line = "Compare: python -m sweep.leaderboard --sweep " + "0123456789abcdef" * 4
    terminal.show_lines(line)
    assert capsys.readouterr().out == f"{line}\n"


def board(**columns):
    table = pd.DataFrame({"rank": pd.Series([1, pd.NA], dtype="Int64"), **columns})
    table.attrs["parameters"] = ["optim.lr"]
    return table


def test_brackets_in_a_reason_are_shown_as_they_are(capsys):
    table = board(
        run=["good", "bad"],
        status=["FINISHED", "FAILED"],
        failure_reason=[None, "OSError: list[str] in [/data/x]"],
        run_id=["a", "b"],
        **{"optim.lr": [0.12345, 0.12346], "val/accuracy": [0.98765, None]},
    )
    show_leaderboard(table, "val/accuracy", "max")
    shown = capsys.readouterr().out
    assert "OSError: list[str] in [/data/x]" in shown
    assert ["1", "0.12345", "0.9877"] in [line.split() for line in shown.splitlines()]
    assert "Best: good (run a)\n" in shown


def test_the_plan_says_when_the_test_set_decides(capsys):
    params = {"epochs": "1", "test_every_epoch": "true"}
    values = values_of([params])
    plan.show_plan(plan.listed(1, values), values, ["mnist: images"], "here", "cpu")
    assert capsys.readouterr().out.splitlines() == [
        "1 run:",
        "  mnist: images",
        "  measured on the test set after every epoch (test_every_epoch=true)",
        "  up to 1 epoch, on cpu",
        "  recorded in here",
    ]


def test_the_same_images_given_to_networks_in_two_ways_are_one_line(capsys):
    params = [{"epochs": each, "test_every_epoch": "false"} for each in ("5", "10000")]
    values, datasets = values_of(params), ["mnist: images", "a", "mnist: images"]
    plan.show_plan(["2 runs"], values, datasets, "here", "cpu")
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["2 runs", "  mnist: images", "  a"]
    assert lines[3] == "  up to 5 or 10,000 epochs, on cpu"


REPEATED = "  2 the same as others, and trained once"
TRAINED = "  3 trained already, found in the record (rerun=true trains again)"
BEGUN = "  1 begun before: what is missing is trained"


@pytest.mark.parametrize(
    ("counts", "lines"),
    [
        ((0, 0, 0), []),
        ((2, 0, 0), [REPEATED]),
        ((0, 3, 0), [TRAINED]),
        ((0, 0, 1), [BEGUN]),
        ((2, 3, 1), [REPEATED, TRAINED, BEGUN]),
    ],
)
def test_how_the_combinations_stand(capsys, counts, lines):
    plan.show_prior_runs(*counts)
    assert capsys.readouterr().out.splitlines() == lines


@pytest.mark.parametrize(
    ("runs", "seconds", "at_once", "told"),
    [
        (3, 6.0, 2, "about 0:00:03, 2 at once, as runs like these took here"),
        (3, 6.0, 8, "about 0:00:02, 3 at once, as runs like these took here"),
        (
            3,
            6.0,
            None,
            "about 0:00:06, if they are trained one after another, as runs like these took here",
        ),
        (1, 6.0, None, "about 0:00:06, as runs like these took here"),
        (3, None, 2, "how long that takes is not known: no run like these is recorded here"),
    ],
)
def test_how_long_it_may_take(capsys, runs, seconds, at_once, told):
    plan.show_work(runs, 10, seconds, at_once)
    assert " ".join(capsys.readouterr().out.split("\n")[1:-2]).strip() == told


@pytest.mark.parametrize(
    ("number", "told"),
    [(1, "1 run"), (0, "0 runs"), (10_000, "10,000 runs"), ("5 or 10", "5 or 10 runs")],
)
def test_how_many_there_are(number, told):
    assert terminal.count(number, "run") == told


def test_large_numbers_have_separators(capsys):
    assert plan.listed(10_000, {}) == ["10,000 runs:"]
    plan.show_prior_runs(1_000, 9_990, 2_000)
    assert capsys.readouterr().out.splitlines() == [
        "  1,000 the same as others, and trained once",
        "  9,990 trained already, found in the record (rerun=true trains again)",
        "  2,000 begun before: what is missing is trained",
    ]
