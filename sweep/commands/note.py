"""Notes that users write about runs and sweeps."""

import click

from sweep.commands.cli import tracking_option
from sweep.display.console import show_lines
from sweep.tracking import prepare_mlflow, read_details, set_note


@click.command()
@click.argument("run")
@click.argument("text")
@tracking_option
def note(run: str, text: str, tracking_uri: str | None) -> None:
    """Write a note about a run or a sweep, in Markdown; an empty text takes it away.

    RUN is an id, the beginning of one, or the name of a run or a sweep. MLflow's pages show the
    note as the description. What a sweep has written about itself stays below it.

    \b
    sweep note RUN "the one for the paper"
    """
    prepare_mlflow()
    found = read_details(tracking_uri, run)
    set_note(found.uri, found.info.run_id, text)
    done = "Noted" if text.strip() else "Note taken away"
    show_lines(f"{done}: {found.info.name} ({found.info.run_id})")
