"""Runs that are added to a sweep while it is at work, and who makes them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sweep.errors import UserError
from sweep.execution.job import Job


@dataclass(frozen=True)
class Added:
    """More runs of a sweep.

    Attributes:
        jobs: that are to be trained.
        text: says what was found out about them, in one line.
    """

    jobs: Sequence[Job]
    text: str


Adder = Callable[[Sequence[str]], Added]  # of overrides; raises UserError


def cannot_add(overrides: Sequence[str]) -> Added:
    """Say that nothing can be added.

    Raises:
        UserError: always.
    """
    raise UserError(
        f"add {' '.join(overrides)}: this is a search, which has no grid to add to; it suggests "
        "its runs itself"
    )
