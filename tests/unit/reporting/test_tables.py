"""What stands above the tables of a report."""

import dataclasses

import pytest
from fake_results import results_of

from sweep.reporting import tables
from sweep.reporting.tables import table_of_runs

SORT = "Click a column's head to sort by it."
BY_RUN = "--metric val/loss --direction min --by-seed --output runs.csv"


@pytest.fixture
def results():
    known = {"failure_reason": None, "fingerprint": "f", "dataset.name": "mnist"}
    runs = [{"rank": rank, "val/loss": rank / 8, "lr": rank, **known} for rank in (1, 2, 3)]
    return results_of(runs, metric="val/loss", direction="min")


@pytest.mark.parametrize(
    ("whose", "options"),
    [
        ({"sweep_id": "5ca1ab1e", "experiment": "my runs"}, "--sweep 5ca1ab1e"),
        ({"experiment": "sweep"}, "--experiment sweep"),
        ({"experiment": "my runs"}, "--experiment 'my runs'"),
    ],
)
def test_the_command_that_writes_all_runs(results, whose, options, monkeypatch):
    monkeypatch.setattr(tables, "MOST_ROWS", 2)
    caption = table_of_runs(dataclasses.replace(results, **whose)).caption
    all_of_them = f"sweep leaderboard {options} {BY_RUN}"
    assert caption == (
        f"{SORT} The best 2 of 3 runs are shown; where they are recorded, all of them are written "
        f"to a file by: {all_of_them}"
    )


def test_nothing_is_said_of_runs_that_are_all_there(results):
    assert table_of_runs(results).caption == SORT


def test_numbers_beside_null_are_as_short_as_others(results):
    results.runs["lr"] = ["0.123456789012", "null", "2"]
    table = table_of_runs(results)
    place = [column.name for column in table.columns].index("lr")
    cells = [row.cells[place] for row in table.rows]
    assert [cell.text for cell in cells] == ["0.1235", "null", "2"]
    assert cells[0].key == "0.123456789012"
    assert table.rows[0].about.startswith("lr 0.1235")
