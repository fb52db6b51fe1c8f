"""What a user sees while it happens: the plan, the progress, the leaderboard.

On a terminal rich draws; where the output is no terminal, the same comes as plain lines.
"""

from collections.abc import Mapping, Sequence
from types import TracebackType

import pandas as pd
from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from sweep.config import varying
from sweep.epochs import EpochRecord

PLAIN_WIDTH = 200
SHOWN_SPLITS = ("train", "val", "test")
SHOWN_COLUMNS = ("val/accuracy", "test/accuracy", "best_epoch")


def console() -> Console:
    """Return the terminal's width and colours, or a wide colourless page where there is none."""
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=PLAIN_WIDTH)


def show_plan(
    params: Sequence[Mapping[str, str]], datasets: Sequence[str], record: str, device: str
) -> None:
    """Print what is about to be trained.

    Args:
        params: of each run, one key a field.
        datasets: a line for each.
        record: where the runs are recorded.
        device: what trains them.
    """
    lines = [f"{_count(str(len(params)), 'run')}:"]
    for key in varying(params):
        values = dict.fromkeys(each[key] for each in params if key in each)
        lines.append(f"  {key}: {', '.join(values)}")
    lines += [f"  {dataset}" for dataset in datasets]
    if any(each["test_every_epoch"] == "true" for each in params):
        lines.append("  measured on the test set after every epoch (test_every_epoch=true)")
    epochs = " or ".join(dict.fromkeys(each["epochs"] for each in params))
    lines += [f"  up to {_count(epochs, 'epoch')}, on {device}", f"  recorded in {record}"]
    show_lines(*lines)


def show_lines(*lines: str) -> None:
    """Print lines as they are."""
    for line in lines:
        console().print(line, markup=False, soft_wrap=True)  # a wrapped command cannot be pasted


class RunDisplay:
    """A run's progress: a bar on a terminal, a line an epoch elsewhere."""

    def __init__(self, name: str, epochs: int) -> None:
        """Prepare to show a run of so many epochs."""
        self._name, self._epochs, self._console = name, epochs, console()
        self._bar: Progress | None = None
        self._task = TaskID(0)

    def __enter__(self) -> "RunDisplay":
        """Show that the run has started."""
        if not self._console.is_terminal:
            self._say(self._name)
            return self
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=16),
            TextColumn("{task.completed}/{task.total}"),
            TimeRemainingColumn(compact=True, elapsed_when_finished=True),
            TextColumn("{task.fields[metrics]}", markup=False),
            console=self._console,
        )
        self._task = self._bar.add_task(self._name, total=self._epochs, metrics="")
        self._bar.start()
        return self

    def show(self, record: EpochRecord) -> None:
        """Show an epoch's metrics, and how long the rest will take."""
        splits = [each for each in SHOWN_SPLITS if f"{each}/loss" in record.metrics]
        keys = [f"{split}/{measure}" for split in splits for measure in ("loss", "accuracy")]
        shown = {key: record.metrics[key] for key in keys}
        if self._bar:
            judged = {key: shown[key] for key in keys[2:4]}  # val where there is one, or else test
            self._bar.update(self._task, advance=1, metrics=_metrics(judged))
            return
        left = record.metrics["epoch_seconds"] * (self._epochs - record.epoch)
        self._say(
            f"  epoch {record.epoch}/{self._epochs}  {_metrics(shown)}  "
            f"{record.metrics['epoch_seconds']:.1f} s, {left:.0f} s left"
        )

    def conclude(self, kept: EpochRecord, summary: Mapping[str, float]) -> None:
        """Show what the epoch that was kept reached."""
        results = {**kept.metrics, **summary}
        shown = {key: results[key] for key in SHOWN_COLUMNS[:2] if key in results}
        line = f"epoch {kept.epoch} kept: {_metrics(shown)}"
        if self._bar:
            self._bar.update(self._task, metrics=line)
        else:
            self._say(f"  {line}")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the last state on the screen, and say so if the run did not end well."""
        if self._bar:
            self._bar.stop()
        if isinstance(error, KeyboardInterrupt):
            self._say("  interrupted: recorded as KILLED")
        elif error:
            self._say(f"  failed: {error}")

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False, soft_wrap=True)


def _metrics(metrics: Mapping[str, float]) -> str:
    return "  ".join(f"{key} {value:.4f}" for key, value in metrics.items())


def show_leaderboard(table: pd.DataFrame, metric: str, direction: str) -> None:
    """Print the ranked runs, and below them those that could not be ranked.

    Args:
        table: as :func:`sweep.leaderboard.leaderboard` returns it.
        metric: by which it is ranked.
        direction: ``max`` or ``min``.
    """
    out = console()
    ranked, others = table[table["rank"].notna()], table[table["rank"].isna()]
    best_first = {"max": "highest", "min": "lowest"}[direction]
    if len(ranked):
        metrics = [key for key in dict.fromkeys((metric, *SHOWN_COLUMNS)) if key in table]
        shown = ranked[["rank", *table.attrs["parameters"], *metrics]]
        floats = [key for key in metrics if pd.api.types.is_float_dtype(shown[key])]
        title = f"Leaderboard: by {metric}, the {best_first} first"
        out.print(_rich_table(shown, title, rounded=floats))
        winner = ranked.iloc[0]
        show_lines(f"Best: {winner['run']} (run {winner['run_id']})")
    if len(others):
        reasons = others[["status", "run", "failure_reason", "run_id"]].dropna(axis=1, how="all")
        out.print(_rich_table(reasons, "Not ranked", rounded=[]))


def _rich_table(frame: pd.DataFrame, title: str, rounded: Sequence[str]) -> Table:
    table = Table(title=Text(title), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for name in frame.columns:
        right = pd.api.types.is_numeric_dtype(frame[name])
        table.add_column(name, justify="right" if right else "left", overflow="fold")
    frame = frame.assign(
        **{name: frame[name].map("{:.4f}".format, na_action="ignore") for name in rounded}
    )
    for row in frame.itertuples(index=False):
        table.add_row(*(Text(_cell(value)) for value in row))  # Text: brackets are no markup
    return table


def _cell(value: object) -> str:
    if value is None or value is pd.NA or value != value:
        return ""
    return str(value)


def _count(number: str, noun: str) -> str:
    return f"{number} {noun}" if number == "1" else f"{number} {noun}s"
