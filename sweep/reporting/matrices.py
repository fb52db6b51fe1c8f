"""The confusion matrices of a report: a table that shows one run's, or another's that is chosen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sweep.results.confusion import Confusion
from sweep.runs.figures import mistake_shares

MOST_SHOWN = 30  # classes


@dataclass(frozen=True)
class MatrixCell:
    """How many images of a class got an answer.

    Attributes:
        count: of them.
        share: of the most frequent mistake, 0 to 1; 0 of what is right.
    """

    count: int
    share: float


@dataclass(frozen=True)
class MatrixRow:
    """A class, with its answers."""

    name: str
    cells: tuple[MatrixCell, ...]


@dataclass(frozen=True)
class Choice:
    """A run whose matrix can be chosen.

    Attributes:
        about: which run it is.
        counts: the numbers of its matrix, row by row, parted by blanks.
    """

    about: str
    counts: str


@dataclass(frozen=True)
class Matrices:
    """The matrices of some runs, all of the same classes.

    Attributes:
        names: of the classes that are shown.
        choices: the runs, the best first.
        rows: of the best run.
    """

    names: tuple[str, ...]
    choices: tuple[Choice, ...]
    rows: tuple[MatrixRow, ...]


def matrices(confusions: Sequence[Confusion], abouts: Mapping[str, str]) -> Matrices | None:
    """Return the first run's matrix, and the numbers of the others; None if there is none.

    Of many classes there are those of the most mistakes of the first run.

    Args:
        confusions: of the runs, the best first.
        abouts: which run each is, by their ids.
    """
    if not confusions:
        return None
    first = confusions[0]
    shown = _of_most_mistakes(first.counts)
    names = tuple(first.names[place] for place in shown)
    cut = {each.run_id: each.counts[np.ix_(shown, shown)] for each in confusions}
    choices = (
        Choice(abouts.get(run_id, run_id), " ".join(map(str, table.ravel())))
        for run_id, table in cut.items()
    )
    return Matrices(names, tuple(choices), tuple(_rows(names, cut[first.run_id])))


def _of_most_mistakes(counts: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return the classes that are to be shown, in their order."""
    wrong = counts.sum(axis=0) + counts.sum(axis=1) - 2 * counts.diagonal()
    return np.sort(np.argsort(-wrong, kind="stable")[:MOST_SHOWN])


def _rows(names: Sequence[str], counts: NDArray[np.int64]) -> list[MatrixRow]:
    shares = mistake_shares(counts)
    return [
        MatrixRow(name, tuple(map(MatrixCell, row.tolist(), part.round(2).tolist())))
        for name, row, part in zip(names, counts, shares, strict=True)
    ]
