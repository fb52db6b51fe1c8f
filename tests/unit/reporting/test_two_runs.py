"""Two runs side by side."""

from fake_results import results_of

from sweep.reporting.colouring import UNCOLOURED
from sweep.reporting.drawing import Look
from sweep.reporting.palette import LIGHT
from sweep.reporting.sections import sections
from sweep.reporting.tables import Cell, Column, Table, TableRow
from sweep.reporting.two_runs import ComparedRow, best_two, side_by_side, two_runs_figure

RUNS = [{"rank": rank, "val/accuracy": 1 - rank / 10, "lr": rank} for rank in (1, 2, 3)]
CURVES = [
    {"run_id": run, "epoch": epoch, "val/accuracy": value + epoch / 10}
    for run, value in (("b", 0.2), ("c", 0.3), ("a", 0.1))
    for epoch in (1, 2)
]


def test_the_best_two_that_have_curves():
    assert best_two(results_of(RUNS, CURVES)) == ("a", "b")
    assert best_two(results_of(RUNS, CURVES[:4])) == ("b", "c")
    assert best_two(results_of(RUNS, CURVES[:2])) is None
    failed = [RUNS[0], *(dict(run, rank=0) for run in RUNS[1:])]
    assert best_two(results_of(failed, CURVES)) is None


def test_fields_that_differ_and_all_that_is_measured():
    def cell(text):
        return Cell(text, text, False)

    kinds = {"rank": "measured", "lr": "field", "wd": "field", "loss": "measured", "run": ""}
    columns = tuple(
        Column(name, False, "", kind) for name, kind in (kinds | {"f1": "measured"}).items()
    )
    values = (("1", "0.1", "0", "0.5", "x", ""), ("2", "0.2", "0", "0.5", "y", ""))
    rows = tuple(
        TableRow(number, tuple(map(cell, texts)), f"run {number}")
        for number, texts in enumerate(values)
    )
    found = side_by_side(Table("", columns, rows), 0, 1)
    assert found.runs == rows
    assert found.rows == (
        ComparedRow("rank", cell("1"), cell("2")),
        ComparedRow("lr", cell("0.1"), cell("0.2")),
        ComparedRow("loss", cell("0.5"), cell("0.5")),
    )


def test_their_curves_have_the_axes_of_all():
    results = results_of(RUNS, CURVES)
    look = Look(LIGHT, UNCOLOURED, {"a": 0, "b": 1, "c": 2})
    axes, *_ = two_runs_figure(results, ("a", "b"), look).axes
    (lines,) = axes.collections[:1]
    drawn = dict(zip(lines.get_urls(), lines.get_segments(), strict=True))
    assert {link: line.tolist() for link, line in drawn.items()} == {
        "#run-1": [[1.0, 0.30000000000000004], [2.0, 0.4]],
        "#run-0": [[1.0, 0.2], [2.0, 0.30000000000000004]],
    }
    low, high = axes.get_ylim()
    assert low < 0.2 and high > 0.5  # the third run's are there too


def test_a_single_run_has_no_other_beside_it():
    names = [section.name for section in sections(results_of(RUNS[:1], CURVES[-2:]))]
    assert "curves" in names and "two-runs" not in names
