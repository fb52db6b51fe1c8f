"""Limits on runs that other users add to a sweep: no code, and no paths.

They train under its owner's account.
"""

import re
from collections.abc import Sequence

from sweep.config.choices import CHOSEN
from sweep.config.compose import OWN
from sweep.config.schema import Config
from sweep.errors import UserError

# No path, which would lead Hydra to files outside its tree, and no reference, to the environment.
PLAIN = re.compile(r"[\w.,:=+~*()\[\]{} -]+", re.ASCII)
OUTSIDE, TARGET = "..", "_target_"


def check_words(overrides: Sequence[str]) -> None:
    """Check that overrides are words, numbers and lists, before anything is composed of them.

    Raises:
        UserError: one is more.
    """
    for each in overrides:
        if not PLAIN.fullmatch(each) or OUTSIDE in each or TARGET in each:
            raise UserError(
                f"add {each}: may name a file or code, which only the user of the sweep may add; "
                "allowed are words, numbers and lists"
            )


def check_code(configs: Sequence[Config], own: Config) -> None:
    """Check that no run calls code that a user has written, but what the sweep calls already.

    Args:
        configs: of the runs that are added.
        own: of one of the sweep's.

    Raises:
        UserError: one does.
    """
    for config in configs:
        for group in CHOSEN:
            chosen = getattr(config, group)
            is_code = chosen.name == OWN or getattr(chosen, "runs_code", False)
            if is_code and chosen != getattr(own, group):
                raise UserError(
                    f"{group}={chosen.name}: is code, which only the user of the sweep may add"
                )
