"""What sweeps and experiments are recorded."""

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from sweep.commands.cli import checkpoint_option, tracking_option
from sweep.display.overview import show_overview
from sweep.results.overview import read_overview
from sweep.tracking import prepare_mlflow

SHOWN = 20  # sweeps, unless all are asked for


@click.command()
@click.option("--all", "every", is_flag=True, help=f"All sweeps, not the newest {SHOWN}.")
@click.option("--json", "as_json", is_flag=True, help="All of it, for other programs.")
@checkpoint_option
@tracking_option
def list(every: bool, as_json: bool, checkpoint_dir: Path, tracking_uri: str | None) -> None:
    """List sweeps and experiments: when, how many runs of which state, the best, still running?

    \b
    sweep list --all
    """
    prepare_mlflow()
    found = read_overview(tracking_uri, checkpoint_dir)
    if as_json:
        click.echo(json.dumps(asdict(found), indent=2, default=datetime.isoformat))
    else:
        show_overview(found, None if every else SHOWN)
