"""What sweeps and experiments there are, on the terminal."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sweep.display.console import show_lines
from sweep.display.tables import show_table
from sweep.results.overview import ExperimentRow, Overview, SweepRow
from sweep.tracking import shortened

TIME = "%Y-%m-%d %H:%M"


def show_overview(found: Overview, most: int | None) -> None:
    """Print the experiments, and the newest sweeps.

    Args:
        found: what is recorded.
        most: so many sweeps at most; None for all.
    """
    if not found.experiments:
        show_lines("Nothing is recorded yet.")
        return
    _show_experiments(found.experiments)
    if found.sweeps:
        shown = found.sweeps[:most]
        _show_sweeps(shown, shortened(each.sweep_id for each in found.sweeps))
        if more := len(found.sweeps) - len(shown):
            show_lines(f"... and {more:,} more (--all shows them)")


def _show_experiments(rows: Sequence[ExperimentRow]) -> None:
    cells = {
        "experiment": [each.experiment for each in rows],
        "last used": [local_time(each.last) for each in rows],
        "sweeps": [f"{each.sweeps:,}" for each in rows],
        "runs": [in_words(each.runs) for each in rows],
    }
    show_table("Experiments", cells, ["sweeps"])


def _show_sweeps(rows: Sequence[SweepRow], short: Mapping[str, str]) -> None:
    cells = {
        "sweep": [short[each.sweep_id] for each in rows],
        "started": [local_time(each.started) for each in rows],
        "state": [_state(each) for each in rows],
        "runs": [in_words(each.runs) for each in rows],
        "best": [_best(each) for each in rows],
        "experiment": [each.experiment for each in rows],
        "name": [each.name for each in rows],
    }
    show_table("Sweeps", cells, (), ["name"], cells["name"])


def _state(row: SweepRow) -> str:
    return f"{row.state}, from a bundle" if row.bundle else row.state


def _best(row: SweepRow) -> str:
    return "" if row.best is None else f"{row.metric} {row.best:.4f}"


def local_time(time: datetime) -> str:
    """Return a time to the minute, as the clock on the wall shows it."""
    return time.astimezone().strftime(TIME)


def in_words(runs: Mapping[str, int]) -> str:
    """Return how many runs are in which state: ``8 finished, 1 failed``."""
    return ", ".join(f"{number:,} {state}" for state, number in runs.items()) or "none"
