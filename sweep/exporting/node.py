"""A step of a network's graph: an operator of MXNet's, what it is given, and how it is set."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sweep.errors import UserError

NOT_SAID = "None"  # as MXNet writes what is not set
TRUE = ("true", "1")  # in small letters; MXNet writes True, older files 1


@dataclass(frozen=True)
class Node:
    """One operator of a graph.

    Attributes:
        operator: as MXNet names it.
        name: of what it computes; no other node has it.
        inputs: the names of what it is given; of the further results of a node, ``name:1``.
        attributes: how it is set, as the graph's JSON has it.
    """

    operator: str
    name: str
    inputs: tuple[str, ...]
    attributes: Mapping[str, str]

    def text(self, key: str, default: str = NOT_SAID) -> str:
        """Return an attribute as it is written."""
        return self.attributes.get(key, default)

    def flag(self, key: str) -> bool:
        """Return an attribute that is true or false."""
        return self.text(key).lower() in TRUE

    def integer(self, key: str, default: int | None = None) -> int:
        """Return an attribute that is a whole number.

        Raises:
            UserError: it is none.
        """
        found = self._value(key, default)
        if isinstance(found, bool) or not isinstance(found, int):
            raise self.cannot(f"{key}={found!r} is no whole number")
        return found

    def number(self, key: str, default: float | None = None) -> float:
        """Return an attribute that is a number.

        Raises:
            UserError: it is none.
        """
        try:
            return float(self.text(key, str(default)))
        except ValueError:
            raise self.cannot(f"{key}={self.text(key, str(default))} is no number") from None

    def numbers(self, key: str, default: tuple[int | None, ...] | None = ()) -> tuple[Any, ...]:
        """Return an attribute that is a list of whole numbers, or None for one that is left out.

        A single number is a list of one.

        Raises:
            UserError: it is no list.
        """
        found = self._value(key, default)
        if found is None:
            found = default or ()
        listed = tuple(found) if isinstance(found, tuple | list) else (found,)
        if not all(each is None or isinstance(each, int) for each in listed):
            raise self.cannot(f"{key}={found!r} is no list of whole numbers")
        return listed

    def has(self, key: str) -> bool:
        """Return whether an attribute is set."""
        return self.text(key) not in (NOT_SAID, "")

    def needs(self, key: str, *allowed: str) -> str:
        """Return an attribute that is one of these.

        Raises:
            UserError: it is not.
        """
        found = self.text(key)
        if found not in allowed:
            raise self.cannot(f"{key}={found} is not covered; allowed is {', '.join(allowed)}")
        return found

    def cannot(self, why: str) -> UserError:
        """Return an error that says why this node cannot be exported."""
        return UserError(f"{self.name} ({self.operator}): {why}")

    def _value(self, key: str, default: object) -> object:
        written = self.text(key, repr(default))
        try:
            return ast.literal_eval(written.replace("L", ""))  # Python 2 wrote (3L, 3L)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            raise self.cannot(f"{key}={written} cannot be read") from None
