"""Tags that users give to runs and sweeps."""

import click

from sweep.commands.cli import tracking_option
from sweep.display.console import show_lines
from sweep.errors import UserError
from sweep.tracking import is_reserved, prepare_mlflow, read_details, set_tags


@click.command()
@click.argument("run")
@click.argument("tags", metavar="KEY=VALUE...", nargs=-1, required=True)
@tracking_option
def tag(run: str, tags: tuple[str, ...], tracking_uri: str | None) -> None:
    """Give tags to a run or a sweep; KEY= takes one away.

    RUN is an id, the beginning of one, or the name of a run or a sweep.

    \b
    sweep tag RUN verdict=good for=paper
    """
    given = dict(map(_pair, tags))
    prepare_mlflow()
    found = read_details(tracking_uri, run)
    set_tags(found.uri, found.info.run_id, given)
    words = [f"{key}={value}" if value else f"{key} taken away" for key, value in given.items()]
    show_lines(f"Tagged: {found.info.name} ({found.info.run_id}): {', '.join(words)}")


def _pair(text: str) -> tuple[str, str]:
    """Return a tag and its value.

    Raises:
        UserError: it is none, or one that has a meaning already.
    """
    key, equals, value = text.partition("=")
    if not (equals and key.strip()):
        raise UserError(f"{text}: allowed is KEY=VALUE, or KEY= to take a tag away")
    if is_reserved(key):
        raise UserError(f"{text}: {key} has a meaning of its own; allowed is another name")
    return key, value
