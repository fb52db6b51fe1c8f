"""Which answers runs gave to the test images of each class, from the tables that they keep."""

import csv
import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sweep.tracking import CONFUSION_FILE, read_text

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Confusion:
    """The answers of a run.

    Attributes:
        run_id: of the run.
        names: of the classes.
        counts: (classes, classes) how often each class (row) was given each answer (column).
    """

    run_id: str
    names: tuple[str, ...]
    counts: NDArray[np.int64]


def confusion_of(run_id: str, text: str) -> Confusion:
    """Return what a table says.

    Args:
        run_id: of the run that keeps it.
        text: of ``figures/confusion.csv``: a row for each class, with a column for each answer.

    Raises:
        ValueError: it is no such table.
    """
    rows = list(csv.reader(io.StringIO(text)))[1:]
    names = tuple(row[0] for row in rows)
    counts = np.array([[int(each) for each in row[1:]] for row in rows], np.int64)
    if counts.shape != (len(names), len(names)):
        raise ValueError(f"{len(names)} classes, and answers of the shape {counts.shape}")
    return Confusion(run_id, names, counts)


def read_confusions(uri: str | None, run_ids: Sequence[str]) -> list[Confusion]:
    """Return the answers of runs, without those that kept none that can be read.

    All are of the same classes: those of the first run that kept any.
    """
    found = [each for run_id in run_ids if (each := _read(uri, run_id))]
    return [each for each in found if each.names == found[0].names]


def _read(uri: str | None, run_id: str) -> Confusion | None:
    try:
        text = read_text(uri, run_id, CONFUSION_FILE)
        return confusion_of(run_id, text) if text else None
    except Exception as error:  # of whatever store: all else can be reported without it
        log.warning("%s of run %s cannot be read: %s", CONFUSION_FILE, run_id, error)
        return None
