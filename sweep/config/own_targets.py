"""What a user names by ``_target_``: how it is called, and what may be named."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

EXAMPLES = {"model": "my_nets.Net", "loss": "my_losses.Focal"}  # of each group's targets


@dataclass(frozen=True)
class Call:
    """A class or a function of a user's, and how it is called.

    Attributes:
        target: the module and the name in it.
        arguments: that were set, by name; can be written as JSON.
    """

    target: str
    arguments: Mapping[str, Any]


def allowed(group: str) -> str:
    """Return what may be named by a group's ``_target_``, in words."""
    return (
        "allowed is module.Class or module.function, which is found in the folder of the command "
        f"or is installed, as in {group}._target_={EXAMPLES[group]}"
    )
