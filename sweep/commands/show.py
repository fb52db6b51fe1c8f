"""What is recorded of one run, or of one sweep."""

import shlex
from contextlib import suppress

import click

from sweep.commands.cli import tracking_option
from sweep.config.again import overrides_of
from sweep.display.details import show_run, show_sweep
from sweep.display.leaderboard import show_leaderboard
from sweep.errors import UserError
from sweep.results.leaderboard import rank_configurations
from sweep.results.overview import counts
from sweep.results.runs import recorded_runs
from sweep.tracking import Details, prepare_mlflow, read_details, read_name
from sweep.uris import record_options

MOST_ROWS = 10


@click.command()
@click.argument("run")
@tracking_option
def show(run: str, tracking_uri: str | None) -> None:
    """Show a run, or a sweep: what was trained, what came out, and how to train it again.

    RUN is an id, the beginning of one, or the name of a run or a sweep.

    \b
    sweep show RUN
    """
    prepare_mlflow()
    found = read_details(tracking_uri, run)
    if found.is_sweep:
        _show_sweep(found)
        return
    show_run(found, _sweep_name(found), overrides_of(found.info.params))


def _sweep_name(run: Details) -> str | None:
    """Return the name of a run's sweep; None if it has none, or it is not there any more."""
    with suppress(UserError):
        return read_name(run.uri, run.info.sweep_id) if run.info.sweep_id else None
    return None


def _show_sweep(sweep: Details) -> None:
    runs = recorded_runs(sweep.uri, sweep.experiment, sweep.info.run_id)
    show_sweep(sweep, counts(runs.ends["status"]))
    metric = runs.usual_metric
    table = rank_configurations(runs, metric, None)
    command = ["sweep", "leaderboard", "--sweep", sweep.info.run_id, *record_options(sweep.uri)]
    show_leaderboard(table, metric, runs.direction(metric), MOST_ROWS, command=shlex.join(command))
