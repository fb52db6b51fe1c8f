"""Hydra's own flags, also on Python 3.14, where Hydra 1.3 cannot make the parser of them."""

from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager

from hydra._internal.utils import get_args_parser


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
    """Return what parses Hydra's flags and the overrides."""
    with help_unchecked():
        found: ArgumentParser = get_args_parser()
    return found
