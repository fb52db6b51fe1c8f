"""The runs of an experiment, or of one sweep, ranked, printed and exported."""

from pathlib import Path

import click
import pandas as pd

from sweep.commands.champion import register_best
from sweep.commands.cli import ranking_options
from sweep.config.conditions import parse
from sweep.config.metrics import Direction
from sweep.display.leaderboard import (
    ROWS,
    show_best,
    show_columns,
    show_groups,
    show_leaderboard,
)
from sweep.errors import UserError
from sweep.results.export import WRITERS, export, known_suffix
from sweep.results.grouped import grouped
from sweep.results.leaderboard import rank_configurations, rank_runs
from sweep.results.runs import recorded_runs
from sweep.results.selected import selected, with_columns
from sweep.tracking import prepare_mlflow


@click.command()
@ranking_options
@click.option("--by-seed", is_flag=True, help="A row for each run, not for all seeds together.")
@click.option(
    "--where", metavar="CONDITION", help='Only those for which this holds: "optim.lr < 0.1".'
)
@click.option("--columns", metavar="A,B", help="Show and export these columns, and the rank.")
@click.option(
    "--group-by", metavar="FIELD", help="A row for each value of a field, or of several: A,B."
)
@click.option("--top", type=int, metavar="N", help="Show and export only the N best.")
@click.option(
    "--output",
    "files",
    type=Path,
    multiple=True,
    metavar="FILE",
    help=f"Also write the table; may be given again. By suffix: {', '.join(WRITERS.names())}.",
)
@click.option(
    "--register",
    metavar="NAME",
    help="Put the best run's model into MLflow's model registry under this name.",
)
def leaderboard(
    experiment: str | None,
    sweep: str | None,
    metric: str | None,
    direction: Direction | None,
    tracking_uri: str | None,
    by_seed: bool,
    where: str | None,
    columns: str | None,
    group_by: str | None,
    top: int | None,
    files: tuple[Path, ...],
    register: str | None,
) -> None:
    """Rank the runs of an experiment, or of one sweep; print the table and export it.

    \b
    sweep leaderboard --sweep ID --output leaderboard.csv
    sweep leaderboard --where "optim.lr < 0.1 and model.name == 'mlp'"
    """
    prepare_mlflow()
    for file in files:
        known_suffix(file)
    if top is not None and top < 1:
        raise UserError(f"--top {top}: allowed is 1 or more")
    if group_by and (columns or register or by_seed):
        other = "--columns" if columns else "--register" if register else "--by-seed"
        raise UserError(f"--group-by {group_by}: is not for use with {other}; leave one out")
    condition = parse(where) if where is not None else None
    runs = recorded_runs(tracking_uri, experiment, sweep)
    if condition:
        runs = selected(runs, condition, by_seed or group_by is not None)
    metric = metric or runs.usual_metric
    direction = direction or runs.direction(metric)
    if group_by:
        _print_groups(grouped(runs, group_by.split(","), metric, direction), metric, top, files)
        return
    table = (rank_runs if by_seed else rank_configurations)(runs, metric, direction)
    shown = with_columns(table, runs, columns.split(",")) if columns else table
    exported = shown[shown["rank"].notna()].head(top) if top else shown
    for file in files:  # first: who reads what is printed may close the pipe
        export(exported, file)
    if columns:
        show_columns(exported, metric, direction, top or ROWS)
    elif top:
        show_best(table, metric, direction, top)
    else:
        show_leaderboard(table, metric, direction, ROWS)
    for file in files:
        click.echo(f"Written: {file}")
    if register is not None:
        register_best(table, metric, register, tracking_uri)


def _print_groups(
    table: pd.DataFrame, metric: str, top: int | None, files: tuple[Path, ...]
) -> None:
    table = table.head(top) if top else table
    for file in files:
        export(table, file)
    show_groups(table, metric, top or ROWS)
    for file in files:
        click.echo(f"Written: {file}")
