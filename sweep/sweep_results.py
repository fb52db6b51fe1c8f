"""What a user sees when a sweep has ended: leaderboard, failures, how to go on."""

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hydra.core.utils import JobReturn, JobStatus
from rich import box
from rich.table import Table
from rich.text import Text

from sweep.addresses import browse_command, shown
from sweep.config import public, score_metric
from sweep.environment import program
from sweep.errors import RunFailed, UserError
from sweep.schema import Config
from sweep.terminal import console, show_lines
from sweep.worker import RUN_LOG

if TYPE_CHECKING:
    from sweep.tracking import Tracker


def show_results(tracker: "Tracker", sweep_id: str, config: Config) -> None:
    """Print the leaderboard of what has been trained, and the commands to go on with.

    Args:
        tracker: of the experiment.
        sweep_id: the parent run.
        config: of one of the runs.
    """
    from sweep.leaderboard import (
        DEFAULT_EXPERIMENT,
        DEFAULT_METRIC,
        direction_of,
        leaderboard,
    )
    from sweep.leaderboard_view import show_leaderboard

    metric = score_metric(config)
    try:
        table = leaderboard(tracker.experiment, sweep_id, metric, tracking_uri=tracker.uri)
        show_leaderboard(table, metric, direction_of(metric))
    except UserError as error:
        show_lines(str(error))
    options = ["--sweep", sweep_id]
    if metric != DEFAULT_METRIC:
        options += ["--metric", metric]
    if tracker.experiment != DEFAULT_EXPERIMENT:
        options += ["--experiment", tracker.experiment]
    if (uri := config.tracking.uri) is not None:
        options += ["--tracking-uri", shown(uri)]
    show_lines(
        f"Browse:  {browse_command(tracker.uri)}",
        f"Compare: {shlex.join([program('python'), '-m', 'sweep.leaderboard', *options])}",
    )


def _log_of(result: JobReturn) -> str:
    """Return the path of the run's log; nothing if its launcher does not tell the folder."""
    told = result.hydra_cfg and result.hydra_cfg.hydra.runtime.output_dir
    folder = told or result.working_dir
    return os.path.relpath(Path(folder, RUN_LOG)) if folder else ""


def raise_failures(results: Sequence[JobReturn]) -> None:
    """Print a table of the runs that failed, with their logs.

    Raises:
        RunFailed: there are some.
    """
    failures = [each for each in results if each.status == JobStatus.FAILED]
    if not failures:
        return
    table = Table(title=Text("Failed"), title_justify="left", title_style="bold")
    table.box = box.SIMPLE_HEAD
    for name in ("run", "reason", "log"):
        table.add_column(name, overflow="fold")
    for each in failures:
        # Asking for return_value would raise the first one.
        cells = (" ".join(public(each.overrides or [])), each._return_value, _log_of(each))
        table.add_row(*(Text(str(cell)) for cell in cells))
    console().print(table)
    stopped = sum(each.status == JobStatus.UNKNOWN for each in results)
    left = f", {stopped} stopped or not begun (on_failure=stop)" if stopped else ""
    raise RunFailed(f"{len(failures)} of {len(results)} runs failed{left}")
