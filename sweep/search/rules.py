"""Pruner names in studies of before runs paused: their ``asha`` is ``stop_asha`` now.

Then ``asha`` and ``hyperband`` stopped runs for good. So that is what studies still say of
``stop_asha`` and ``stop_hyperband``, and older ones go on.
"""

from collections.abc import Mapping
from typing import Any

from sweep.config.schema import Search
from sweep.search.choices import PRUNERS
from sweep.search.pausing import Pauses

RULE = "search.pruner"  # in what a study is about
PAUSES, STOPS = " that pauses", "stop_"


def in_study(search: Search, epochs: int) -> str | None:
    """Return the rule of a search, as its study has it."""
    if search.pruner is None:
        return None
    if Pauses(search, epochs).any:
        return f"{search.pruner}{PAUSES}"
    return search.pruner.removeprefix(STOPS)


def shown(rule: str | None) -> str | None:
    """Return a rule as it is written now: ``stop_asha`` for what was ``asha``."""
    if rule is None or rule.endswith(PAUSES):
        return _before_pauses(rule)
    return f"{STOPS}{rule}" if f"{STOPS}{rule}" in PRUNERS.names() else rule


def _before_pauses(rule: str | None) -> str | None:
    """Return the rule that a study of the same settings had before runs paused, if they do now."""
    return rule.removesuffix(PAUSES) if rule and rule.endswith(PAUSES) else None


def as_before_pauses(about: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what the same search was about before its runs paused; None if they do not pause."""
    rule = _before_pauses(about.get(RULE))
    return {**about, RULE: rule} if rule else None


def other_rule(name: str, rule: str) -> str:
    """Say that the runs of a study are stopped, and those of a search would pause."""
    pruner = _before_pauses(rule)
    return (
        f"search.pruner={pruner}: study {name} was begun by the rule that stops runs for good; "
        f"allowed: search.pruner={STOPS}{pruner}, which goes on with it, or search.study=NAME for "
        "another study"
    )
