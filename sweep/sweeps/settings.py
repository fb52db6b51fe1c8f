"""The settings of each kind of sweep, and those that decide nothing since they are another's."""

from collections.abc import Sequence

OF_SEEDS, OF_A_SEARCH = "seeds.", "search."
USED_BY = {OF_SEEDS: "seed=auto", OF_A_SEARCH: "hydra/sweeper=optuna"}


def settings_of(given: Sequence[str], begin: str) -> list[str]:
    """Return the overrides of fields that begin with this, as ``seeds.max=10`` with ``seeds.``."""
    return [each for each in given if each.lstrip("+").startswith(begin)]


def unused_settings(given: Sequence[str], used: str = "") -> list[str]:
    """Return a line for each override that is for another kind of sweep.

    Args:
        given: the overrides of a command.
        used: how the fields begin that this kind uses, as ``seeds.``.
    """
    return [
        f"{each} decides nothing: it is for {kind}"
        for begin, kind in USED_BY.items()
        if begin != used
        for each in settings_of(given, begin)
    ]
