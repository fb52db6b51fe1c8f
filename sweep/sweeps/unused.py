"""Tells the user of overrides that have no effect in this kind of sweep, as search.* in a grid."""

from collections.abc import Sequence

USED_BY = {"seeds.": "seed=auto", "search.": "hydra/sweeper=optuna"}


def unused_settings(given: Sequence[str], used: str = "") -> list[str]:
    """Return a line for each override that is for another kind of sweep.

    Args:
        given: the overrides of a command.
        used: how the fields begin that this kind uses, as ``seeds.``.
    """
    return [
        f"{each} decides nothing: it is for {kind}"
        for begin, kind in USED_BY.items()
        for each in given
        if begin != used and each.lstrip("+").startswith(begin)
    ]
