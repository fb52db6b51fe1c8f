"""What a user sees while a run trains: a bar on a terminal, lines elsewhere."""

from collections.abc import Mapping

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from sweep.config.metrics import SPLITS
from sweep.display.console import NARROW, console
from sweep.runs.events import (
    PAUSED,
    UNDECIDED,
    AlreadyTrained,
    Ended,
    EpochKept,
    Event,
    Notice,
    Recorded,
    Resolved,
    Retried,
    Started,
)
from sweep.training.selection import EpochRecord

MEASURES = ("loss", "accuracy")
OF_THE_KEPT_EPOCH = ("val/accuracy", "test/accuracy"), ("val/loss", "test/loss")


class RunDisplay:
    """A single run's progress: a bar on a terminal, a line an epoch elsewhere."""

    def __init__(self) -> None:
        """Show nothing before a run starts."""
        self._console = console()
        self._lines = RunLines("")
        self._bar: Progress | None = None
        self._task = TaskID(0)

    def __call__(self, event: Event) -> None:
        """Show what the run tells."""
        if self._console.is_interactive:  # a dumb terminal is none
            self._draw(event)
        elif line := self._lines.line(event):
            self._say(line)

    def _draw(self, event: Event) -> None:
        match event:
            case Started():
                columns = [
                    TextColumn("{task.description}", markup=False),
                    BarColumn(bar_width=16),
                    TextColumn("{task.completed}/{task.total}"),
                    TimeRemainingColumn(compact=True, elapsed_when_finished=True),
                    TextColumn("{task.fields[metrics]}", markup=False),
                ]
                if self._console.width < NARROW:  # the name would be cut off
                    self._say(event.name)
                    columns = columns[1:4]
                self._bar = Progress(*columns, console=self._console)
                self._task = self._bar.add_task(
                    event.name, total=event.epochs, completed=event.epochs_before, metrics=""
                )
                self._bar.start()
            case EpochRecord() if self._bar:
                self._bar.update(self._task, advance=1, metrics=_text(judged(event)))
            case EpochKept() if self._bar and self._console.width < NARROW:
                self._say(kept_line(event))
            case EpochKept() if self._bar:
                self._bar.update(self._task, metrics=kept_line(event))
            case Ended():
                if self._bar:
                    self._bar.stop()
                if line := end_line(event):
                    self._say(f"  {line}")
            case Retried() if self._bar:
                self._bar.stop()
                self._say(self._lines.line(event))
            case Notice() | AlreadyTrained() | Retried():
                if line := self._lines.line(event):
                    self._say(line)

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False, soft_wrap=True)


class RunLines:
    """A run's progress as lines of text, each beginning with a label."""

    def __init__(self, label: str) -> None:
        """Take the label: ``"run 3: "`` where several runs train, or nothing."""
        self._label, self._indent = label, label or "  "
        self._epochs = 0

    def line(self, event: Event) -> str:
        """Return the line for what the run tells, or nothing if there is nothing to say."""
        match event:
            case Started():
                self._epochs = event.epochs
                before = f" (goes on after epoch {event.epochs_before})"
                return f"{self._label}{event.name}{before if event.epochs_before else ''}"
            case Notice():
                return f"{self._label}{event.text}"
            case AlreadyTrained():
                return f"{self._label}{event.name} is trained already: {found_line(event)}"
            case Retried():
                return f"{self._label}{retry_line(event)}"
            case EpochRecord():
                left = event.metrics["epoch_seconds"] * (self._epochs - event.epoch)
                by_split = [
                    {key: value for key, value in event.metrics.items() if key.startswith(split)}
                    for split in (f"{each}/" for each in SPLITS)
                ]
                measured = {key: value for part in by_split for key, value in part.items()}
                return (
                    f"{self._indent}epoch {event.epoch}/{self._epochs}  "
                    f"{_text(measured)}  "
                    f"{event.metrics['epoch_seconds']:.1f} s, {left:.0f} s left"
                )
            case EpochKept():
                return f"{self._indent}{kept_line(event)}"
            case Ended():
                line = end_line(event)
                return f"{self._indent}{line}" if line else ""
            case Resolved() | Recorded():
                return ""


def judged(record: EpochRecord) -> dict[str, float]:
    """Return the loss and accuracy that the run is judged by: val where there is one, or test."""
    split = next(each for each in SPLITS[1:] if f"{each}/loss" in record.metrics)
    names = [f"{split}/{measure}" for measure in MEASURES]
    return {name: record.metrics[name] for name in names if name in record.metrics}


def kept_line(kept: EpochKept) -> str:
    """Return what the epoch that was kept reached."""
    results = {**kept.epoch.metrics, **kept.summary}
    found = [{key: results[key] for key in each if key in results} for each in OF_THE_KEPT_EPOCH]
    shown = next((each for each in found if each), {})
    return f"epoch {kept.epoch.epoch} kept: {_text(shown)}"


def found_line(found: AlreadyTrained) -> str:
    """Return which run it was, and how to train it again."""
    return f"run {found.run_id} (rerun=true trains it again)"


def retry_line(retried: Retried) -> str:
    """Return why a run starts again, and how often it has."""
    return f"{retried.reason}: retry {retried.retry} of {retried.max_retries}"


def end_line(ended: Ended) -> str:
    """Return how a run ended, if it did not end well."""
    if ended.status == "KILLED":
        return f"{ended.reason or 'interrupted'}: recorded as KILLED"
    if ended.status == PAUSED:
        return ended.reason
    if ended.status == UNDECIDED:
        return f"pauses: {ended.reason}"
    if ended.status == "PRUNED":
        return f"pruned: {ended.reason}"
    return f"failed: {ended.reason}" if ended.status == "FAILED" else ""


def _text(metrics: Mapping[str, float]) -> str:
    return "  ".join(f"{key} {value:.4f}" for key, value in metrics.items())
