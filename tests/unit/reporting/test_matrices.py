"""The confusion matrices that a report shows, and offers to show."""

import numpy as np

from sweep.reporting.matrices import MOST_SHOWN, Choice, MatrixCell, MatrixRow, matrices
from sweep.results.confusion import Confusion


def confusion(run_id, counts):
    names = tuple(f"c{each}" for each in range(len(counts)))
    return Confusion(run_id, names, np.array(counts))


def test_there_is_none_where_none_is_recorded():
    assert matrices([], {"a": "run a"}) is None


def test_the_best_run_s_is_shown_and_the_others_can_be_chosen():
    runs = [confusion("a", [[5, 1], [4, 6]]), confusion("b", [[2, 4], [0, 10]])]
    found = matrices(runs, {"a": "optim.lr 0.1"})
    assert found.names == ("c0", "c1")
    assert found.choices == (Choice("optim.lr 0.1", "5 1 4 6"), Choice("b", "2 4 0 10"))
    assert found.rows == (
        MatrixRow("c0", (MatrixCell(5, 0.0), MatrixCell(1, 0.25))),
        MatrixRow("c1", (MatrixCell(4, 1.0), MatrixCell(6, 0.0))),
    )


def test_a_run_without_mistakes_has_no_shares():
    found = matrices([confusion("a", [[5, 0], [0, 6]])], {})
    assert [cell.share for row in found.rows for cell in row.cells] == [0.0] * 4


def test_of_many_classes_those_of_the_most_mistakes_are_shown():
    counts = np.eye(40, dtype=int) * 9
    counts[3, 39] = 7
    counts[range(20, 39), range(1, 20)] = 1
    found = matrices([confusion("a", counts), confusion("b", counts * 2)], {})
    assert len(found.names) == MOST_SHOWN == len(found.rows) == len(found.rows[0].cells)
    assert {"c3", "c39"} < set(found.names) and "c0" not in found.names
    assert list(found.names) == sorted(found.names, key=lambda name: int(name[1:]))
    row, column = found.names.index("c3"), found.names.index("c39")
    assert found.rows[row].cells[column] == MatrixCell(7, 1.0)
    assert found.choices[1].counts.split()[row * MOST_SHOWN + column] == "14"
