"""A bundle taken into a record."""

import shlex
from pathlib import Path

import click

from sweep.bundling.contents import read_bundle
from sweep.bundling.opening import take_in
from sweep.commands.cli import tracking_option
from sweep.display.console import count, show_lines
from sweep.tracking import prepare_mlflow
from sweep.uris import record_options, resolve_uri

DEFAULT_EXPERIMENT = "unbundled"


@click.command()
@click.argument("file", type=Path)
@click.option(
    "--experiment", default=DEFAULT_EXPERIMENT, show_default=True, help="To record it in."
)
@tracking_option
def unbundle(file: Path, experiment: str, tracking_uri: str | None) -> None:
    """Take the sweep in a bundle into a record: leaderboard, report, show and diff have it then.

    Its runs get ids of their own, and a tag that says which bundle they are from. They do
    not count as trained here: the same command trains them again.

    \b
    sweep unbundle results.zip --experiment theirs
    """
    prepare_mlflow()
    found, key = read_bundle(file)
    opened = take_in(found, key, experiment, tracking_uri)
    if opened.is_new:
        show_lines(f"Taken in: {count(len(found.runs), 'run')}, as sweep {opened.sweep_id}")
    else:
        show_lines(f"{file}: is there already, as sweep {opened.sweep_id}")
        return
    compare = ["sweep", "leaderboard", "--sweep", opened.sweep_id]
    show_lines(f"Compare: {shlex.join([*compare, *record_options(resolve_uri(tracking_uri))])}")
