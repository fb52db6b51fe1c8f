"""What is said about the rows of a leaderboard that are not shown."""

import pandas as pd
import pytest

from sweep.display.leaderboard import show_best, show_columns, show_groups, show_leaderboard
from sweep.results.aggregate import COUNTS

BY = ("val/accuracy", "max")


@pytest.fixture
def table():
    """Four rows with a rank, of two seeds each, and three that failed."""
    found = pd.DataFrame(
        {
            "rank": pd.Series([1, 2, 3, 4, *[pd.NA] * 3], dtype="Int64"),
            "run": list("abcdefg"),
            "status": ["FINISHED"] * 4 + ["FAILED"] * 3,
            "optim.lr": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7],
            "val/accuracy": [0.9, 0.8, 0.7, 0.6, None, None, None],
            **dict.fromkeys(COUNTS, 0),
            "failure_reason": [None] * 4 + ["diverged"] * 3,
            "run_id": list("ABCDEFG"),
        }
    )
    found["seeds"], found["failed"] = [2] * 4 + [0] * 3, [0] * 4 + [1] * 3
    found.attrs |= {"parameters": ["optim.lr"], "measured": ["val/accuracy"]}
    return found


def hints(capsys):
    lines = capsys.readouterr().out.splitlines()
    return [line for line in lines if " more (" in line or " finished, " in line]


def test_the_options_of_the_command_that_prints(table, capsys):
    show_leaderboard(table, *BY, rows=2)
    assert hints(capsys) == [
        "... and 2 more (--top N shows the N best, --output FILE writes all)",
        "8 runs finished, 3 failed; --by-seed shows each",
        "... and 1 more (--output FILE writes all)",  # which have no rank: --top shows none of them
    ]


def test_the_options_of_another_command(table, capsys):
    show_leaderboard(table, *BY, rows=2, command="sweep leaderboard --sweep ID")
    assert hints(capsys) == [
        "... and 2 more (sweep leaderboard --sweep ID --top N shows the N best, "
        "--output FILE writes all)",
        "8 runs finished, 3 failed; sweep leaderboard --sweep ID --by-seed shows each",
        "... and 1 more (sweep leaderboard --sweep ID --output FILE writes all)",
    ]


def test_of_the_best_alone_no_file_has_more(table, capsys):
    show_best(table, *BY, rows=1)
    assert hints(capsys) == ["... and 3 more (--top N shows the N best)"]


def test_columns_and_groups(table, capsys):
    more = "... and 2 more (--top N shows the N best, --output FILE writes all)"
    show_columns(table, *BY, rows=5)
    assert hints(capsys) == [more]
    show_groups(table, "val/accuracy", rows=5)
    assert hints(capsys) == [more]


def test_nothing_is_said_where_all_is_shown(table, capsys):
    show_leaderboard(table.drop(columns=list(COUNTS)), *BY)
    assert hints(capsys) == []
