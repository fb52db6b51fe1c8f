"""How two runs, or two sweeps, differ."""

import click

from sweep.commands.cli import tracking_option
from sweep.display.differences import show_run_difference, show_sweep_difference
from sweep.errors import UserError
from sweep.results.differences import difference
from sweep.results.sweep_differences import sweep_difference
from sweep.tracking import prepare_mlflow, read_details


@click.command()
@click.argument("a")
@click.argument("b")
@tracking_option
def diff(a: str, b: str, tracking_uri: str | None) -> None:
    """Say how two runs, or two sweeps, differ, and in which epoch their curves part.

    A and B are ids, beginnings of ids, or names. Runs of two sweeps are matched by fingerprint.

    \b
    sweep diff RUN RUN
    sweep diff SWEEP SWEEP
    """
    prepare_mlflow()
    first, second = (read_details(tracking_uri, each) for each in (a, b))
    if first.is_sweep != second.is_sweep:
        one, other = ("sweep", "run") if first.is_sweep else ("run", "sweep")
        raise UserError(f"{a} is a {one} and {b} a {other}; allowed are two runs, or two sweeps")
    if first.is_sweep:
        show_sweep_difference(first, second, sweep_difference(first, second))
    else:
        show_run_difference(first, second, difference(first, second))
