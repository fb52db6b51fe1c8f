"""What a sweep has planned to train, kept beside its runs for those who watch it."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from sweep.tracking.artifacts import read_text
from sweep.tracking.run_info import now_ms

if TYPE_CHECKING:
    from sweep.tracking.writer import Record

PLANNED_FILE = "planned.json"


@dataclass(frozen=True)
class PlannedRun:
    """A run that a sweep is about to train.

    Attributes:
        fingerprint: identifies its result; its record will have the same.
        name: what tells it from others.
        cost: how long it takes, in a unit that all runs of the sweep share.
    """

    fingerprint: str
    name: str
    cost: float


@dataclass(frozen=True)
class Planned:
    """What a sweep is about to train.

    Attributes:
        at_ms: when it began to, since 1970: runs that had ended by then, and are among these, are
            trained on.
        in_all: how many runs it has, those included that are trained already.
        runs: those that are missing; none of a search, whose runs are suggested one by one.
    """

    at_ms: int
    in_all: int
    runs: Sequence[PlannedRun]


class Plans:
    """What a sweep is about to train, kept in its record; more may come while it does."""

    def __init__(self, record: "Record") -> None:
        """Take the record of the sweep, which begins now."""
        self._record, self._planned = record, Planned(now_ms(), 0, ())

    def add(self, in_all: int, runs: Sequence[PlannedRun] = ()) -> None:
        """Keep that there are more runs.

        Args:
            in_all: how many, those included that are trained already.
            runs: those of them that are missing.
        """
        self.take(in_all, runs)
        self.keep()

    def take(self, in_all: int, runs: Sequence[PlannedRun]) -> None:
        """Take in more runs, to be kept with the next ones at the latest; as of :meth:`add`."""
        now = self._planned
        self._planned = Planned(now.at_ms, now.in_all + in_all, [*now.runs, *runs])

    def correct(self, in_all: int) -> None:
        """Keep how many runs there are, if that has turned out to be another number."""
        now = self._planned
        if in_all != now.in_all:
            self._planned = Planned(now.at_ms, in_all, now.runs)
            self.keep()

    def keep(self) -> None:
        """Write all that was taken in. Stores raise whatever they like if they cannot."""
        self._record.log_text(json.dumps(asdict(self._planned)), PLANNED_FILE)


def read_planned(uri: str, sweep_id: str) -> Planned | None:
    """Return what a sweep is about to train; None if it is not known.

    Older versions kept nothing, and a file that is damaged tells nothing.

    Raises:
        UserError: the record cannot be read.
    """
    text = read_text(uri, sweep_id, PLANNED_FILE)
    try:
        found = json.loads(text or "")
        runs = [
            PlannedRun(str(each["fingerprint"]), str(each["name"]), float(each["cost"]))
            for each in found["runs"]
        ]
        return Planned(int(found["at_ms"]), int(found["in_all"]), runs)
    except (KeyError, TypeError, ValueError):
        return None
