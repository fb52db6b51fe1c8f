"""What the figure of times shows: how long runs took, when they trained, and how fast."""

from dataclasses import dataclass

from sweep.reporting.axes import Axis, metric_axis
from sweep.reporting.panels import MOST_MARKS, PointPanel, points_of
from sweep.results.results import Results, evenly

LONG_SECONDS, LONG_MINUTES = 180.0, 180.0  # from which on minutes, and hours, are counted


@dataclass(frozen=True)
class Bar:
    """A run from its start to its end, and how many images it trained on in a second."""

    run_id: str
    start: float
    end: float
    images_per_second: float


@dataclass(frozen=True)
class BarPanel:
    """Runs over time."""

    x: Axis
    y: Axis
    bars: tuple[Bar, ...]


def duration_panel(results: Results) -> PointPanel | None:
    """Return the final metric against how long each run took."""
    runs = results.ranked.dropna(subset=["duration_seconds"])
    if runs.empty:
        return None
    unit, seconds = _unit(runs["duration_seconds"].max())
    times = runs["duration_seconds"] / seconds
    x = metric_axis(f"duration of the run, {unit}", times)
    y = metric_axis(results.metric, runs[results.metric])
    return PointPanel(x, y, points_of(runs, times, runs[results.metric]))


def throughput_panel(results: Results) -> BarPanel | None:
    """Return when each run trained, and how fast."""
    if "images_per_second" not in results.runs:
        return None
    runs = results.runs.dropna(subset=["duration_seconds", "images_per_second"])
    if runs.empty:
        return None
    starts = (runs["start_time"] - runs["start_time"].min()).dt.total_seconds()
    ends = starts + runs["duration_seconds"]
    unit, seconds = _unit(ends.max())
    x = Axis(f"time since the first run began, {unit}", "linear", (0.0, ends.max() / seconds))
    y = metric_axis("images per second", runs["images_per_second"])
    columns = (runs["run_id"], starts / seconds, ends / seconds, runs["images_per_second"])
    rows = evenly(list(zip(*columns, strict=True)), MOST_MARKS)
    return BarPanel(x, y, tuple(Bar(*row) for row in rows))


def _unit(seconds: float) -> tuple[str, float]:
    """Return in what to count a time that is so long, and how many seconds that is."""
    if seconds < LONG_SECONDS:
        return "s", 1.0
    return ("min", 60.0) if seconds < 60 * LONG_MINUTES else ("h", 3600.0)
