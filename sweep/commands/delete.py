"""Runs and sweeps deleted, with all that belongs to them alone."""

from pathlib import Path

import click

from sweep.commands.cli import checkpoint_option, tracking_option
from sweep.commands.removing import remove, yes_option
from sweep.results.deletion import deletion
from sweep.tracking import prepare_mlflow


@click.command()
@click.argument("runs", metavar="RUN...", nargs=-1, required=True)
@yes_option
@checkpoint_option
@tracking_option
def delete(runs: tuple[str, ...], yes: bool, checkpoint_dir: Path, tracking_uri: str | None) -> int:
    """Delete runs, or sweeps with their runs: their models, files and checkpoints.

    RUN is an id, the beginning of one, or the name of a run or a sweep. What is used stays: by
    another sweep, by another run that has started from it, or by the model registry.

    The exit code is 1 if the answer was no, or everything is in use by then.

    \b
    sweep delete RUN RUN
    sweep delete SWEEP --yes
    """
    prepare_mlflow()
    return remove(deletion(tracking_uri, runs, checkpoint_dir), yes)
