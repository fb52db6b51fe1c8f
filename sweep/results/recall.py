"""How many images of each class a run got right, from the table that it keeps of its answers."""

import csv
import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from sweep.tracking import CONFUSION_FILE, read_text

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ClassRecall:
    """A class.

    Attributes:
        name: of the class.
        right: how many of its test images were taken for what they are.
        images: how many there are; at least one.
    """

    name: str
    right: int
    images: int

    @property
    def share(self) -> float:
        """The part that is right: the recall."""
        return self.right / self.images


def recalls(text: str) -> list[ClassRecall]:
    """Return the recall of each class that has test images, the worst first.

    Args:
        text: of ``figures/confusion.csv``: a row for each class, with a column for each answer.
    """
    rows = list(csv.reader(io.StringIO(text)))[1:]
    counts = [[int(each) for each in row[1:]] for row in rows]
    found = [
        ClassRecall(row[0], count[place], sum(count))
        for place, (row, count) in enumerate(zip(rows, counts, strict=True))
        if sum(count)
    ]
    return sorted(found, key=lambda each: each.share)


def read_recalls(uri: str | None, run_id: str) -> Sequence[ClassRecall]:
    """Return the recalls of a run; none if it kept no table of its answers that can be read."""
    try:
        text = read_text(uri, run_id, CONFUSION_FILE)
        return recalls(text) if text else ()
    except Exception as error:  # of whatever store: all else can be reported without it
        log.warning("%s of run %s cannot be read: %s", CONFUSION_FILE, run_id, error)
        return ()
