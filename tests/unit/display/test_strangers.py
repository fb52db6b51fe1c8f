"""Texts of strangers, which would write all over the terminal."""

import click
import pytest

from sweep import errors
from sweep.commands import cli
from sweep.display.console import show_lines
from sweep.display.tables import show_table

ERASES, SHOWN = (
    "my_nets.Net\x1b[8A\x1b[J\x9b2J\tall\nwell\r\n",
    "my_nets.Net?[8A?[J?2J\tall\nwell\r\n",
)


def test_a_text_moves_no_cursor():
    assert errors.printable(ERASES) == SHOWN
    assert errors.printable("back\rto the beginning\x7f\x07") == "back?to the beginning??"
    assert errors.printable("Grüße, 你好 ±") == "Grüße, 你好 ±"


def test_lines_and_tables(capsys):
    show_lines("Name: a\x1b[8A\x1b[Jb")
    assert capsys.readouterr().out == "Name: a?[8A?[Jb\n"
    show_table("Layers\x1b[2J", {"layer": ["fc\x1b[1A"], "what": ["Dense"]})
    printed = capsys.readouterr().out
    assert "Layers?[2J" in printed
    assert "fc?[1A" in printed
    assert "\x1b" not in printed


def test_errors(capsys):
    with pytest.raises(SystemExit):
        errors.leave(2, ERASES)
    assert capsys.readouterr().err == f"{SHOWN}\n"

    @click.command()
    def broken():
        raise errors.UserError(ERASES)

    assert cli.run(broken, []) == 2
    assert capsys.readouterr().err == f"{SHOWN}\n"
