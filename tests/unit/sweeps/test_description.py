import pytest
from fake_runs import fill
from fake_store import broken, grid
from record import new_record

from sweep.results.leaderboard import load_leaderboard
from sweep.sweeps.description import MOST_ROWS, description


@pytest.fixture
def described(tmp_path):
    """A function that returns the lines of a sweep's description."""
    uri = new_record(tmp_path)

    def describe(runs, *overrides):
        _, parent = fill(uri, "swept", runs, sweep=" ".join(overrides))
        table = load_leaderboard("swept", parent, tracking_uri=uri)
        return description(table, "val/accuracy", overrides).split("\n")

    return describe


def cells(line):
    return [cell.strip().removesuffix("&emsp;") for cell in line.split("|")[1:-1]]


def test_command_counts_and_leaderboard(described):
    runs = grid(3, optim__lr=["0.1", "0.2", "0.3"])
    broken(runs[2], 1)
    for run, value in zip(runs, (0.9, 0.95), strict=False):
        run.once["val_at_best/accuracy"] = (2, value)
        run.once["best_epoch"] = (2, 2.0)
        run.once["test/accuracy"] = (2, value - 0.25)
    lines = described(runs, "optim.lr=choice(0.1,0.2,0.3)", "epochs=3")
    assert lines[:4] == [
        "    python -m sweep 'optim.lr=choice(0.1,0.2,0.3)' epochs=3 --multirun",
        "",
        "3 runs: 2 FINISHED, 1 FAILED, by val/accuracy, the best first:",
        "",
    ]
    head, rule, *rows = map(cells, lines[4:])
    assert head == [
        *("rank", "dataset.name", "optim.lr", "val/accuracy", "test/accuracy", "best_epoch")
    ]
    assert {cell.strip(":-") for cell in rule} == {""}
    assert rows == [
        ["1", "mnist_5k", "0.2", "0.9500", "0.7000", "2"],
        ["2", "mnist_5k", "0.1", "0.9000", "0.6500", "2"],
    ]


def test_of_many_rows_only_the_first(described):
    runs = grid(2, optim__lr=[f"0.{number}" for number in range(10, 10 + MOST_ROWS + 3)])
    lines = described(runs, "optim.lr=many")
    assert [cells(line)[0] for line in lines[6:-2]] == [str(1 + n) for n in range(MOST_ROWS)]
    assert lines[-1] == "... and 3 more"


def test_a_bar_in_a_value_ends_no_cell(described):
    lines = described(grid(2, name=["a|b", "c"]), "name=a,b")
    shown = {cell.strip(" |") for line in lines[6:] for cell in line.split("&emsp;")}
    assert shown >= {"a\\|b", "c"}


def test_nothing_has_been_trained_to_its_end(described):
    (run,) = grid(2, optim__lr=["0.1"])
    lines = described([broken(run, 1)], "optim.lr=0.1")
    assert lines[-1] == "1 run: 1 FAILED"
