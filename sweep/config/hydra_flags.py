"""Hydra's own flags, also on Python 3.14, where Hydra 1.3 cannot make the parser of them."""

from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from hydra._internal.utils import get_args_parser

from sweep.errors import UserError


@contextmanager
def help_unchecked() -> Iterator[None]:
    """Let Hydra make its parser meanwhile.

    From Python 3.14 on, ``argparse`` formats the help of each flag when it is added, to see that it
    can be; Hydra's help of ``--shell-completion`` is no text before it is shown:
    https://github.com/facebookresearch/hydra/issues/3121
    """
    own = vars(ArgumentParser).get("_check_help")
    ArgumentParser._check_help = lambda parser, action: None  # type: ignore[attr-defined]
    try:
        yield
    finally:
        if own:
            ArgumentParser._check_help = own  # type: ignore[attr-defined]
        else:
            del ArgumentParser._check_help  # type: ignore[attr-defined]


def hydras_parser() -> ArgumentParser:
    """Return what parses Hydra's flags and the overrides; it raises a UserError."""
    with help_unchecked():
        found: ArgumentParser = get_args_parser()
    found.error = _refuse  # type: ignore[method-assign]
    return found


def _refuse(message: str) -> NoReturn:
    """Say in a line what ``argparse`` says below eight of usage."""
    raise UserError(f"{message}; sweep --hydra-help lists Hydra's flags")
