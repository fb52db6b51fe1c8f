"""Hydra's parser as Python 3.14 makes it: a flag's help is formatted when it is added."""

from argparse import ArgumentParser

import pytest
from hydra._internal.utils import get_args_parser

from sweep.config.hydra_flags import hydras_parser


@pytest.fixture
def newer_python(monkeypatch):
    """Let this one's argparse do what that of 3.14 does."""
    add_argument = ArgumentParser.add_argument

    def add_and_check(parser, *names, **named):
        action = add_argument(parser, *names, **named)
        parser._check_help(action)
        return action

    def check_help(parser, action):
        if "%" in action.help:
            action.help % {}

    monkeypatch.setattr(ArgumentParser, "add_argument", add_and_check)
    monkeypatch.setattr(ArgumentParser, "_check_help", check_help, raising=False)
    return check_help


def test_hydras_parser_is_made_on_newer_pythons(newer_python):
    with pytest.raises(TypeError, match="LazyCompletionHelp"):
        get_args_parser()
    known, _ = hydras_parser().parse_known_args(["a=1", "--multirun"])
    assert (known.overrides, known.multirun) == (["a=1"], True)
    assert ArgumentParser._check_help is newer_python


def test_nothing_is_left_behind():
    before = dict(vars(ArgumentParser))
    hydras_parser()
    assert dict(vars(ArgumentParser)) == before
