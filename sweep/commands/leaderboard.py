"""The runs of an experiment, or of one sweep, ranked, printed and exported."""

from pathlib import Path

import click

from sweep.commands.champion import register_best
from sweep.commands.cli import ranking_options
from sweep.config.metrics import Direction, direction_of
from sweep.display.leaderboard import ROWS, show_best, show_leaderboard
from sweep.errors import UserError
from sweep.results.export import WRITERS, export, known_suffix
from sweep.results.leaderboard import load_leaderboard, load_leaderboard_by_seed
from sweep.tracking import prepare_mlflow


@click.command()
@ranking_options
@click.option("--by-seed", is_flag=True, help="A row for each run, not for all seeds together.")
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
    experiment: str,
    sweep: str | None,
    metric: str,
    direction: Direction | None,
    tracking_uri: str | None,
    by_seed: bool,
    top: int | None,
    files: tuple[Path, ...],
    register: str | None,
) -> None:
    """Rank the runs of an experiment, or of one sweep; print the table and export it.

    \b
    sweep leaderboard --sweep ID --output leaderboard.csv
    """
    prepare_mlflow()
    for file in files:
        known_suffix(file)
    if top is not None and top < 1:
        raise UserError(f"--top {top}: allowed is 1 or more")
    load = load_leaderboard_by_seed if by_seed else load_leaderboard
    table = load(experiment, sweep, metric, direction, tracking_uri)
    direction = direction or direction_of(metric)
    if top:
        show_best(table, metric, direction, top)
        table = table[table["rank"].notna()].head(top)
    else:
        show_leaderboard(table, metric, direction, ROWS)
    for file in files:
        export(table, file)
        click.echo(f"Written: {file}")
    if register is not None:
        register_best(table, metric, register, tracking_uri)
