"""What can be removed without losing a result."""

from pathlib import Path

import click

from sweep.commands.cli import checkpoint_option, tracking_option
from sweep.commands.removing import remove, yes_option
from sweep.results.leftovers import TRAINED, leftovers
from sweep.tracking import ENDED, prepare_mlflow


@click.command()
@click.option("--checkpoints", is_flag=True, help="Also those of runs that could still go on.")
@yes_option
@checkpoint_option
@tracking_option
def tidy(checkpoints: bool, yes: bool, checkpoint_dir: Path, tracking_uri: str | None) -> int:
    """Remove what is left over: of deleted runs, and checkpoints that nobody needs any more.

    The exit code is 1 if the answer was no, or everything is in use by then.

    \b
    sweep tidy
    sweep tidy --checkpoints --yes
    """
    prepare_mlflow()
    ended = ENDED if checkpoints else TRAINED
    return remove(leftovers(tracking_uri, checkpoint_dir, ended), yes)
