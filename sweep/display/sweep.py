"""What a user sees while a sweep trains: one live table on a terminal, lines elsewhere."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType

from rich import box
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from sweep.display.console import NARROW, console, count
from sweep.display.naming import SharedWords
from sweep.display.run import MEASURES, RunLines, judged
from sweep.display.suspension import cursor_shown_while_suspended
from sweep.runs.events import (
    PAUSED,
    UNDECIDED,
    AlreadyTrained,
    Ended,
    Event,
    Notice,
    Retried,
    Started,
)
from sweep.training.selection import EpochRecord

REFRESHES_PER_SECOND = 2  # each costs a little of a core that could train
ENDED_ROWS = 5
OPEN = ("queued", "running", PAUSED)  # what a run is as long as it has not ended
SAID = (  # a word, and the statuses that it stands for
    ("running", "running"),
    ("paused", PAUSED, UNDECIDED),
    ("queued", "queued"),
    ("done", "FINISHED"),
    ("pruned", "PRUNED"),
    ("failed", "FAILED"),
    ("interrupted", "KILLED"),
)
STYLES = {"FAILED": "red", "KILLED": "yellow"}


@dataclass
class Row:
    """A run of a sweep, as far as it is known.

    Attributes:
        number: in the sweep; its folder has the same.
        name: what tells it from others.
        work: in any unit.
        status: ``queued``, ``running``, ``PAUSED``, or as it ended.
        epochs: at most.
        epochs_before: those that it goes on after.
        first: those that it went on after when it was first started; -1 before that.
        last: the last that it has trained.
    """

    number: int
    name: str
    work: float
    status: str = "queued"
    epochs: int = 0
    epochs_before: int = 0
    first: int = -1
    last: EpochRecord | None = None

    def advance(self, event: Event) -> None:
        """Take in what the run tells."""
        match event:
            case Started():
                self.status, self.name, self.epochs = "running", event.name, event.epochs
                if self.first < 0:
                    self.first = event.epochs_before
                self.epochs_before = event.epochs_before
            case AlreadyTrained():
                self.status, self.name = "FINISHED", event.name
            case Retried():
                self.status, self.last = "queued", None
            case EpochRecord():
                self.last = event
            case Ended() if self.status in (*OPEN, "KILLED"):
                self.status = event.status

    @property
    def trained(self) -> float:
        """The part of its work that is done."""
        done = self.last.epoch if self.last else self.epochs_before
        return self.work_of_an_epoch * (done - self.first) if self.first >= 0 else 0.0

    @property
    def work_of_an_epoch(self) -> float:
        """Its work is that of the epochs that were left when it was first started."""
        return self.work / max(1, self.epochs - self.first)

    @property
    def seconds_left(self) -> float | None:
        """For a run that trains, and has trained an epoch."""
        if self.status != "running" or not self.last:
            return None
        return self.last.metrics["epoch_seconds"] * (self.epochs - self.last.epoch)


class SweepDisplay:
    """All runs of a sweep: one live table on a terminal, lines elsewhere."""

    def __init__(self, rows: Sequence[Row] = ()) -> None:
        """Take the runs, none of which has started."""
        self._rows: dict[int, Row] = {}
        self._lines: dict[int, RunLines] = {}
        self._shared = SharedWords()
        for row in rows:
            self._add(row)
        self._ended: list[Row] = []
        self._measured_seconds = self._measured_work = 0.0
        self._at_once, self._begin = 1, time.monotonic()
        self._console = console()
        self._live = Live(
            console=self._console,
            get_renderable=self._draw,
            refresh_per_second=REFRESHES_PER_SECOND,
            transient=True,
        )
        self._drawing = ExitStack()

    def add(self, number: int, name: str, cost: float) -> None:
        """Take one more run, unless it is known; one that was paused is to go on."""
        known = self._rows.get(number)
        if known and known.status == UNDECIDED:
            known.status = "queued"
            self._ended.remove(known)
        self._add(Row(number, name, cost))

    def _add(self, row: Row) -> None:
        if row.number not in self._rows:
            self._rows[row.number] = row
            self._shared.plan(row.name)
            self._lines[row.number] = RunLines(f"run {row.number}: ")

    def __enter__(self) -> "SweepDisplay":
        """Begin to draw."""
        if self._console.is_interactive:
            self._drawing.enter_context(cursor_shown_while_suspended(self._console))
            self._drawing.enter_context(self._live)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the table away, and say what became of the runs."""
        self._drawing.close()
        took = _clock(time.monotonic() - self._begin)
        self._console.print(f"{self.counts()}, in {took}", markup=False, soft_wrap=True)

    def __call__(self, number: int, event: Event) -> None:
        """Show what a run tells."""
        row = self._rows[number]
        over = row.status not in OPEN
        if row.status == "KILLED" and _goes_on(event):
            self._ended.remove(row)
            over = False
        if isinstance(event, Started | AlreadyTrained):
            self._shared.start(row.name, event.name)
        row.advance(event)
        if isinstance(event, EpochRecord):
            self._measured_seconds += event.metrics["epoch_seconds"]
            self._measured_work += row.work_of_an_epoch
        if isinstance(event, Ended | AlreadyTrained) and not over and row.status not in OPEN:
            self._ended.append(row)
        self._at_once = max(self._at_once, len(self._with("running")))
        line = self._lines[number].line(event)
        to_know = row.status == "FAILED" or isinstance(event, Notice | Retried)
        if line and not over and (to_know or not self._console.is_interactive):
            self._console.print(line, markup=False, soft_wrap=True)

    def _with(self, *status: str) -> list[Row]:
        return [row for row in self._rows.values() if row.status in status]

    def seconds_left(self) -> float | None:
        """Return the time that the whole sweep will take; None before an epoch was trained."""
        if not self._measured_work:
            return None
        rows = self._with(*OPEN)
        work = sum(row.work - row.trained for row in rows)
        shared = work * self._measured_seconds / self._measured_work / self._at_once
        return max([shared, *(row.seconds_left or 0 for row in rows)])

    def counts(self) -> str:
        """Return how many runs are where."""
        counts = ((word, len(self._with(*statuses))) for word, *statuses in SAID)
        parts = [f"{number:,} {word}" for word, number in counts if number]
        return f"{count(len(self._rows), 'run')}: {', '.join(parts)}"

    def summary(self) -> str:
        """Return how many runs are where, and the time left."""
        left = self.seconds_left()
        return f"{self.counts()}; about {_clock(left)} left" if left else self.counts()

    def _draw(self) -> Group:
        table = Table(box=box.SIMPLE_HEAD, expand=True)
        table.add_column("#", justify="right")
        table.add_column("run", no_wrap=True, overflow="ellipsis", ratio=1)
        others = ("epoch", *MEASURES, "left")
        shown = others[:1] if self._console.width < NARROW else others
        for name in shown:
            table.add_column(name, justify="right", no_wrap=True)
        rows = [*self._ended[-ENDED_ROWS:], *self._with("running")]
        for row in rows:
            cells = _cells(row, self._shared.without(row.name))
            table.add_row(*cells[: 2 + len(shown)])
        above = [Text(self.summary())]
        if rows and (words := self._shared.of(rows[-1].name)):
            above.append(Text(f"all runs: {' '.join(words)}"))
        return Group(*above, table)  # what does not fit is cut off at the end


def _goes_on(event: Event) -> bool:
    """Whether a run was interrupted by others than its sweep, which sees to it further."""
    failed = isinstance(event, Ended) and event.status == "FAILED"
    return failed or isinstance(event, Retried | Started)


def _cells(row: Row, name: str) -> list[Text]:
    known = list(judged(row.last).values()) if row.last else []
    metrics = [f"{value:.4f}" for value in known] + [""] * (len(MEASURES) - len(known))
    if row.status == "running":
        epoch = f"{row.last.epoch if row.last else row.epochs_before}/{row.epochs}"
        left = "" if row.seconds_left is None else _clock(row.seconds_left)
        return [Text(each) for each in (str(row.number), name, epoch, *metrics, left)]
    ended = "done" if row.status == "FINISHED" else row.status
    style = STYLES.get(row.status, "dim")
    return [Text(each, style) for each in (str(row.number), name, ended, *metrics, "")]


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
