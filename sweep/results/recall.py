"""How many images of each class a run got right."""

from dataclasses import dataclass

from sweep.results.confusion import Confusion


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


def recalls(confusion: Confusion) -> list[ClassRecall]:
    """Return the recall of each class that has test images, the worst first."""
    rows = zip(confusion.names, confusion.counts.tolist(), strict=True)
    found = [
        ClassRecall(name, row[place], sum(row))
        for place, (name, row) in enumerate(rows)
        if sum(row)
    ]
    return sorted(found, key=lambda each: each.share)
