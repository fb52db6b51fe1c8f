"""A sweep that is at work, steered from another terminal, or another machine."""

from pathlib import Path

import click

from sweep.commands.cli import checkpoint_option, tracking_option
from sweep.display.console import show_lines
from sweep.runs.asking import steer
from sweep.tracking import prepare_mlflow


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("sweep")
@click.argument("action")
@click.argument("arguments", metavar="[ARGUMENT]...", nargs=-1, type=click.UNPROCESSED)
@checkpoint_option
@tracking_option
def control(
    sweep: str,
    action: str,
    arguments: tuple[str, ...],
    checkpoint_dir: Path,
    tracking_uri: str | None,
) -> None:
    """Steer a sweep that is at work, from any terminal that has its folder of checkpoints.

    SWEEP is an id, the beginning of one, or a name; RUN is the number that the sweep shows, a
    name, or an id.

    \b
    sweep control SWEEP pause      runs stop after the epoch in progress, none starts
    sweep control SWEEP resume     they go on
    sweep control SWEEP stop       as Ctrl-C in its terminal
    sweep control SWEEP jobs 1     so many runs at once from now on
    sweep control SWEEP kill RUN   ends a run, which is not tried again
    sweep control SWEEP first RUN  lets a run that waits start next
    sweep control SWEEP add optim.lr=0.3,0.4
    """
    prepare_mlflow()
    show_lines(steer(tracking_uri, sweep, checkpoint_dir, action, arguments))
