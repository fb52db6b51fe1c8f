"""What a user sees when a sweep has ended: leaderboard, failures, how to go on."""

import os
import shlex
import traceback
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from hydra.core.utils import JobReturn, JobStatus

from sweep.config.metrics import direction_of
from sweep.config.overrides import describing
from sweep.config.params import score_metric
from sweep.config.schema import Config
from sweep.display.console import show_lines
from sweep.display.failures import Failure, show_failures
from sweep.environment import program
from sweep.errors import RunFailed, UserError
from sweep.execution.worker import RUN_LOG
from sweep.uris import browse_command, record_options, resolve_uri

if TYPE_CHECKING:
    from sweep.results.runs import RecordedRuns
    from sweep.tracking import Record, Tracker

REPORT_FILE, REPORT_ERROR_FILE = "report.html", "report_traceback.txt"


def show_results(
    tracker: "Tracker", sweep_id: str, config: Config, results: Sequence[JobReturn] = ()
) -> "RecordedRuns | None":
    """Print the leaderboard of what has been trained, and the commands to go on with.

    Args:
        tracker: of the experiment.
        sweep_id: the parent run.
        config: of one of the runs.
        results: of those that were launched, of which :func:`raise_failures` tells next.

    Returns:
        What was read of the record, so that it is read once; None if it cannot be.
    """
    from sweep.display.leaderboard import show_leaderboard
    from sweep.results.leaderboard import rank_configurations
    from sweep.results.runs import recorded_runs

    metric, recorded = score_metric(config), None
    try:
        recorded = recorded_runs(tracker.uri, tracker.experiment, sweep_id)
        table = rank_configurations(recorded, metric, None)
        told = [_reason(each) for each in failures_of(results)]
        direction = direction_of(metric, config.metrics)
        below = "the leaderboard command below with"
        show_leaderboard(table, metric, direction, told=told, command=below)
    except UserError as error:
        show_lines(str(error))
    show_lines(
        f"Browse:  {browse_command(tracker.uri)}",
        f"Compare: {_command('sweep.leaderboard', sweep_id, config)}",
    )
    return recorded


def keep_results(
    recorded: "RecordedRuns | None",
    tracker: "Tracker",
    record: "Record",
    config: Config,
    overrides: Sequence[str],
) -> None:
    """Keep the leaderboard in the sweep's description, and the report among its artifacts.

    Whatever is wrong with them is only told: the runs are trained and recorded. With
    ``figures=false`` there is no report.

    Args:
        recorded: the sweep's runs; None if they could not be read.
        tracker: of the experiment.
        record: of the sweep.
        config: of one of the runs.
        overrides: that the sweep was started with.
    """
    command = _command("sweep.report", record.run_id, config)
    try:
        from sweep.results.leaderboard import rank_configurations
        from sweep.results.runs import recorded_runs
        from sweep.sweeps.description import description

        metric = score_metric(config)
        recorded = recorded or recorded_runs(tracker.uri, tracker.experiment, record.run_id)
        table = rank_configurations(recorded, metric, None)
        record.describe(description(table, metric, overrides))
        ranked = table[table["rank"].notna()]
        if len(ranked):  # MLflow's table then has something in the row of a sweep
            best = float(ranked[metric].iloc[0])
            record.log_metrics({metric: best}, epoch=int(ranked["seeds"].sum()))
        if not config.figures:
            show_lines(f"Report:  {command}")
            return
        # They import what draws: long, and needed by nothing else.
        from sweep.reporting.page import render
        from sweep.results.results import results_of

        page = render(results_of(recorded, metric), datetime.now(timezone.utc))
        record.log_text(page, REPORT_FILE)
        file = record.artifact_file(REPORT_FILE)
        show_lines(f"Report:  {_below_here(file) if file else command}")
    except Exception as error:
        with suppress(Exception):
            record.log_text(traceback.format_exc(), REPORT_ERROR_FILE)
        text = " ".join(str(error).split())
        show_lines(
            f"Report:  not written ({type(error).__name__}: {text}); to try again: {command}"
        )


def show_report_command(sweep_id: str, config: Config) -> None:
    """Print the command that writes a sweep's report."""
    show_lines(f"Report:  {_command('sweep.report', sweep_id, config)}")


def _command(module: str, sweep_id: str, config: Config) -> str:
    """Return the command that shows a sweep, ranked by its score."""
    from sweep.results.runs import USUAL_METRIC

    options = ["--sweep", sweep_id]
    if (metric := score_metric(config)) != USUAL_METRIC:
        options += ["--metric", metric]
    options += record_options(resolve_uri(config.tracking.uri))
    return shlex.join([program("python"), "-m", module, *options])


def _below_here(file: Path) -> Path:
    """Return a file's path from this folder, if it is below it."""
    return file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file


def _log_of(result: JobReturn) -> str:
    """Return the path of the run's log; nothing if its launcher does not tell the folder."""
    told = result.hydra_cfg and result.hydra_cfg.hydra.runtime.output_dir
    folder = told or result.working_dir
    return os.path.relpath(Path(folder, RUN_LOG)) if folder else ""


def _told(result: JobReturn) -> Failure:
    name = " ".join(describing(result.overrides or []))
    return Failure(run=name, reason=_reason(result), log=_log_of(result))


def _reason(result: JobReturn) -> str:
    return str(result._return_value)  # asking for return_value would raise it


def failures_of(results: Sequence[JobReturn]) -> list[JobReturn]:
    """Return the results of the runs that failed."""
    return [each for each in results if each.status == JobStatus.FAILED]


def raise_failures(results: Sequence[JobReturn]) -> None:
    """Print a table of the runs that failed, with their logs.

    Raises:
        RunFailed: there are some.
    """
    failures = failures_of(results)
    if not failures:
        return
    show_failures([_told(each) for each in failures])
    stopped = sum(each.status == JobStatus.UNKNOWN for each in results)
    left = f", {stopped:,} stopped or not begun (on_failure=stop)" if stopped else ""
    raise RunFailed(f"{len(failures):,} of {len(results):,} runs failed{left}")
