"""How long a sweep will take, estimated from what its runs have taken, as the terminal does."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """How fast a run is, or was.

    Attributes:
        epochs: that it trains at most.
        epochs_left: of those; 0 of one that has ended.
        epoch_seconds: that its last epoch took; None before the first.
        cost: of all of it, in a unit that all runs share; None where that is not known.
    """

    epochs: int
    epochs_left: int
    epoch_seconds: float | None
    cost: float | None

    @property
    def seconds_left(self) -> float | None:
        """Until its last epoch; None before its first."""
        return None if self.epoch_seconds is None else self.epoch_seconds * self.epochs_left


def seconds_left(
    ended: Iterable[Pace], training: Sequence[Pace], queued: Sequence[float | None]
) -> float | None:
    """Return the seconds until a sweep ends; None if nothing was measured yet.

    As long as runs are queued, as many train at once as do now. Runs of which it is not known how
    long they take in comparison count the same.

    Args:
        ended: runs that have.
        training: runs that do.
        queued: the costs of those that have not begun.
    """
    known = [*ended, *training]
    measured = [
        (each.epoch_seconds * each.epochs, 1.0 if each.cost is None else each.cost)
        for each in known
        if each.epoch_seconds is not None and (each.cost is not None or None in queued)
    ]
    work = sum(cost for _, cost in measured)
    alone = [each.seconds_left or 0.0 for each in training]
    if not queued:
        return max(alone) if any(each.seconds_left is not None for each in training) else None
    if not work:
        return None
    pace = sum(seconds for seconds, _ in measured) / work
    waiting = sum(1.0 if cost is None else cost for cost in queued) * pace
    begun = sum(_seconds(each, pace) for each in training)
    return max([(waiting + begun) / max(1, len(training)), *alone])


def _seconds(run: Pace, pace: float) -> float:
    """Return the seconds that are left of a run that trains, also before its first epoch."""
    if run.seconds_left is not None:
        return run.seconds_left
    return pace * (1.0 if run.cost is None else run.cost)
