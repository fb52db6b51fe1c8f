"""What removes something: it says what, asks, and does it."""

import sys

import click

from sweep.commands.cli import Decorated
from sweep.display.console import show_lines
from sweep.display.removal import show_removal
from sweep.errors import UserError
from sweep.results.removal import Removal


def yes_option(command: Decorated) -> Decorated:
    """Add the option that answers the question."""
    return click.option("--yes", is_flag=True, help="Do it without asking.")(command)


def remove(removal: Removal, yes: bool) -> int:
    """Show what is to be removed, ask unless that is answered, and remove it.

    Returns:
        The exit code: 1 if nothing was removed, since the answer was no, or all is in use by now.

    Raises:
        UserError: nobody is there to be asked.
    """
    if not show_removal(removal):
        return 0
    if not yes:
        if not sys.stdin.isatty():
            raise UserError("nothing was removed: there is nobody to ask; --yes does it")
        if not click.confirm("Remove it?"):
            show_lines("Nothing was removed.")
            return 1
    kept = removal.carry_out()
    is_all_kept = len(kept) == len(removal.items)
    show_lines(*(f"Kept: {line}" for line in dict.fromkeys(kept)))
    show_lines("Nothing was removed." if is_all_kept else "Removed.")
    return int(is_all_kept)
