"""How two runs, or two sweeps, differ, on the terminal."""

from collections.abc import Sequence

from sweep.display.console import count, show_lines
from sweep.display.tables import show_table
from sweep.results.differences import Measured, Pairs, RunDifference
from sweep.results.sweep_differences import Pair, SweepDifference
from sweep.results.values import metric_text
from sweep.runs.reproduce import Comparison
from sweep.tracking import Details

MOST_NAMES = 20


def show_run_difference(first: Details, second: Details, found: RunDifference) -> None:
    """Print how two runs differ."""
    for letter, run in (("A", first), ("B", second)):
        show_lines(f"{letter}: {run.info.name} (run {run.info.run_id}), {run.info.status}")
    for title, pairs in (
        ("Configuration", found.configuration),
        ("Images", found.images),
        ("Code", found.code),
        ("Environment", found.environment),
    ):
        _show_pairs(title, pairs)
    _show_metrics(found.metrics)
    _show_partings(found.curves)
    if found.same_parameters is not None:
        words = "identical to the last bit" if found.same_parameters else "not identical"
        show_lines(f"Parameters: {words}")


def _show_pairs(title: str, pairs: Pairs) -> None:
    if not pairs:
        show_lines(f"{title}: the same")
        return
    cells = {
        "": list(pairs),
        "A": [first for first, _ in pairs.values()],
        "B": [second for _, second in pairs.values()],
    }
    show_table(title, cells)


def _show_metrics(metrics: Sequence[Measured]) -> None:
    if not metrics:
        return
    both = [
        None if None in (each.first, each.second) else each.second - each.first  # type: ignore[operator]
        for each in metrics
    ]
    cells = {
        "metric": [each.metric for each in metrics],
        "A": [_number(each.metric, each.first) for each in metrics],
        "B": [_number(each.metric, each.second) for each in metrics],
        "B - A": ["" if gap is None else f"{gap:+.4g}" for gap in both],
    }
    show_table("Metrics of the kept epochs", cells, ["A", "B", "B - A"])


def _show_partings(curves: Sequence[Comparison]) -> None:
    if not curves:
        show_lines("Curves: there are no epochs to compare")
        return
    parted = [(each.first, each.metric) for each in curves if each.first]
    if not parted:
        epochs = max(each.epochs for each in curves)
        show_lines(f"Curves: identical to the last bit in {count(epochs, 'epoch')}")
        return
    cells = {
        "metric": [metric for _, metric in parted],
        "first epoch that differs": [str(first[0]) for first, _ in parted],
        "A": [repr(first[1]) for first, _ in parted],
        "B": [repr(first[2]) for first, _ in parted],
    }
    show_table(
        f"Curves part in epoch {min(first[0] for first, _ in parted)}",
        cells,
        ["first epoch that differs", "A", "B"],
    )


def show_sweep_difference(first: Details, second: Details, found: SweepDifference) -> None:
    """Print how two sweeps differ."""
    for letter, sweep in (("A", first), ("B", second)):
        show_lines(f"{letter}: {sweep.info.name} (sweep {sweep.info.run_id})")
    _show_names("Only in A", found.only_first)
    _show_names("Only in B", found.only_second)
    if not found.pairs:
        show_lines("No run is in both.")
        return
    same = sum(each.parted is None for each in found.pairs)
    cells = {
        "run": [each.name for each in found.pairs],
        f"A: {found.metric}": [_number(found.metric, each.first) for each in found.pairs],
        f"B: {found.metric}": [_number(found.metric, each.second) for each in found.pairs],
        "curves": [_in_words(each) for each in found.pairs],
    }
    show_table("In both", cells, list(cells)[1:3])
    show_lines(f"{same:,} of {count(len(found.pairs), 'run')} in both identical to the last bit")


def _in_words(pair: Pair) -> str:
    if pair.is_one:
        return "one run, trained once"
    if pair.parted is None:
        return "identical"
    epoch, metrics = pair.parted
    return f"part in epoch {epoch} ({', '.join(metrics)})"


def _show_names(title: str, names: Sequence[str]) -> None:
    show_lines(f"{title}: {count(len(names), 'run')}" if names else f"{title}: none")
    show_lines(*(f"  {name}" for name in names[:MOST_NAMES]))
    if (more := len(names) - MOST_NAMES) > 0:
        show_lines(f"  ... and {more:,} more")


def _number(metric: str, value: float | None) -> str:
    return "" if value is None else metric_text(metric, value)
