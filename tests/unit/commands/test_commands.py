import click
import pytest

from sweep import __version__
from sweep.commands import COMMANDS
from sweep.commands.cli import run, sweep
from sweep.errors import RunFailed, UserError


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (UserError("no such thing"), 2, "no such thing\n"),
        (RunFailed("it failed"), 1, "it failed\n"),
        (KeyboardInterrupt(), 130, "Interrupted.\n"),
        (click.UsageError("not so"), 2, "Usage: sweep [OPTIONS]\n\nError: not so\n"),
    ],
)
def test_an_error_is_a_line_and_an_exit_code(error, code, message, capsys):
    @click.command(add_help_option=False)
    def command():
        raise error

    assert run(command, []) == code
    assert capsys.readouterr() == ("", message)


@pytest.mark.parametrize(("returned", "code"), [(None, 0), (0, 0), (1, 1)])
def test_what_a_command_returns_is_the_exit_code(returned, code):
    assert run(click.command()(lambda: returned), []) == code


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does(name, capsys):
    assert run(sweep, [name, "--help"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"Usage: sweep {name} ")
    assert name == "completion" or f"  sweep {name} " in shown


def test_the_version_is_ours(capsys):
    assert run(sweep, ["--version"]) == 0
    assert capsys.readouterr().out == f"sweep, version {__version__}\n"
