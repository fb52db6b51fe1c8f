"""The commands beside Hydra's application, written with click: ``sweep leaderboard --top 3``."""

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem, shell_complete

from sweep import __version__, signals
from sweep.commands import COMMANDS, COMPLETION_VARIABLE
from sweep.errors import RunFailed, UserError, printable
from sweep.files import as_meant

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class CommandGroup(click.Group):
    """The commands by their names, each module imported when it is asked for.

    What begins with no command's name is for Hydra: ``sweep model=lenet``.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, as ``--help`` lists them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; None if there is none of this name."""
        if cmd_name not in COMMANDS:
            return None
        command = getattr(import_module(f"sweep.commands.{cmd_name}"), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is meant, with its arguments."""
        if args[0] in COMMANDS:
            return super().resolve_command(ctx, args)
        from sweep.commands.completion import train

        return train.name, train, args

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the commands and, from Hydra, the overrides that may be meant."""
        from sweep.commands.completion import complete_overrides

        overrides = complete_overrides(ctx, self, incomplete)
        return [*super().shell_complete(ctx, incomplete), *overrides]


@click.group(
    cls=CommandGroup, add_help_option=False, context_settings={"ignore_unknown_options": True}
)
@click.version_option(__version__, prog_name="sweep")
def sweep() -> None:
    """Train sweeps of Gluon networks, and compare what came out."""


def main() -> None:
    """Run the command that the process was given, or complete what is being typed."""
    if instruction := os.environ.get(COMPLETION_VARIABLE):
        from sweep.commands import completion  # noqa: F401 - its way for bash

        sys.exit(shell_complete(sweep, {}, "sweep", COMPLETION_VARIABLE, instruction))
    sys.exit(run(sweep))


def run(command: click.Command, arguments: Sequence[str] | None = None, name: str = "sweep") -> int:
    """Run a command and return its exit code.

    Args:
        command: one of this package's.
        arguments: of the command; None for those of the process.
        name: what was typed to start it.

    Returns:
        0; 1 where a run failed or did not come out the same; 2 for wrong input; 130 after an
        interrupt.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        with command.make_context(name, given) as context:
            return int(command.invoke(context) or 0)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (UserError, RunFailed) as error:
        print(printable(str(error)), file=sys.stderr)
        return error.exit_code
    except (KeyboardInterrupt, click.exceptions.Abort):  # the latter where click asks something
        print("Interrupted.", file=sys.stderr)
        return signals.EXIT_CODE


def tracking_option(command: Decorated) -> Decorated:
    """Add the option that says where runs are recorded."""
    text = "Default: MLFLOW_TRACKING_URI, or else sqlite:///mlflow.db."
    return click.option("--tracking-uri", metavar="URI", help=text)(command)


def checkpoint_option(command: Decorated) -> Decorated:
    """Add the option that says where checkpoints are: who is at work is known there."""
    return click.option(
        "--checkpoint-dir",
        metavar="FOLDER",
        type=as_meant,
        default="checkpoints",
        show_default=True,
        help="Where checkpoints are: the sweep's checkpoint_dir.",
    )(command)


def ranking_options(command: Decorated) -> Decorated:
    """Add the options that say which runs are ranked, and by what."""
    from sweep.config.metrics import DIRECTIONS

    options = [
        click.option("--experiment", help="In MLflow. Default: that of --sweep, or else sweep."),
        click.option(
            "--sweep",
            metavar="ID",
            help="Only the runs of this sweep; the beginning of its id will do.",
        ),
        click.option(
            "--metric",
            help="To rank by. Default: of a sweep what its runs monitor, else val/accuracy, or "
            "val/loss where no run has that.",
        ),
        click.option(
            "--direction",
            type=click.Choice(DIRECTIONS),
            help="Which end is better, if the name does not tell.",
        ),
        tracking_option,
    ]
    for option in reversed(options):
        command = option(command)
    return command
