"""The comparisons in users' conditions: of values, and of the texts that they are recorded as."""

import ast
import operator
from collections.abc import Callable, Collection, Mapping
from typing import Any

Values = Mapping[str, Any]
Part = Callable[[Values], Any]  # of a condition: what it is for these values
Readings = Callable[[Values], list[Any]]  # a value, and the text that it is recorded as, if any

ORDERS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
MEMBERSHIPS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.In: lambda value, those: value in those,
    ast.NotIn: lambda value, those: value not in those,
}
EQUALITIES: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


class Mistake(Exception):
    """What is wrong with a condition, without the condition."""


def comparison(parts: list[Readings], ops: list[ast.cmpop]) -> Part:
    """Return what tells whether all of a chain holds: ``0.01 <= optim.lr < 0.1``.

    Raises:
        Mistake: one compares no values, as ``is``.
    """
    compares = [_compares(type(each)) for each in ops]

    def holds(values: Values) -> bool:
        found = [each(values) for each in parts]
        pairs = zip(compares, found[:-1], found[1:], strict=True)
        return all(compare(left, right) for compare, left, right in pairs)

    return holds


def _compares(kind: type[ast.cmpop]) -> Callable[[list[Any], list[Any]], bool]:
    """Return what compares two values, each in one or two readings.

    A recorded ``3`` equals 3 and ``'3'``: who has written a tag as a text may ask for it so.
    """
    if kind in EQUALITIES:
        decides = any if kind is ast.Eq else all
        return lambda ones, others: decides(
            EQUALITIES[kind](one, other) for one in ones for other in others
        )
    if kind in MEMBERSHIPS:
        decides = any if kind is ast.In else all

        def searches(ones: list[Any], others: list[Any]) -> bool:
            those = _searched(others)
            return decides(_compared(MEMBERSHIPS[kind], one, those, those is None) for one in ones)

        return searches
    if kind in ORDERS:
        return lambda ones, others: _compared(
            ORDERS[kind], ones[0], others[0], ones[0] is None or others[0] is None
        )
    raise Mistake("is compares no values")


def _searched(readings: list[Any]) -> Any:
    """Return the reading that can be searched: of a recorded ``12`` the text, not the number."""
    found = (each for each in readings if isinstance(each, Collection))
    return None if readings[0] is None else next(found, readings[0])


def _compared(compare: Callable[[Any, Any], bool], one: Any, other: Any, is_null: bool) -> bool:
    try:
        return not is_null and compare(one, other)
    except TypeError:
        raise Mistake(f"{one!r} and {other!r} cannot be compared like this") from None
