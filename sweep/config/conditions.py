"""Conditions that users write about runs: ``optim.lr < 0.1 and model.name == 'mlp'``.

Python parses them, and nothing is executed: of its grammar there are comparisons, ``and``, ``or``,
``not``, ``in``, parentheses, lists, numbers, texts, and names with dots or a slash.
"""

import ast
import json
import math
import re
import warnings
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from sweep.config.comparing import Mistake, Part, Readings, Values, comparison
from sweep.config.synonyms import meant_by
from sweep.errors import UserError, nearest

ASSIGNMENT = re.compile("(?<![=!<>])=(?!=)")
TEXT_OR_TAG = re.compile(
    r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|(?<![\w.])tags\s*\.\s*(?P<tag>\w(?:[\w.-]*\w)?)"""
)
LONGEST = 200  # letters of a condition in an error
CONSTANTS = {"true": True, "false": False, "null": None}  # as overrides write them
ALLOWED = "allowed are comparisons (== != < <= > >= in) of names and values, and, or, not, ( )"


@dataclass(frozen=True)
class Condition:
    """A condition, to be asked about one run after another.

    Attributes:
        given: the option or field with the text, as errors show it.
        names: that are compared, in their order, each once.
        part: tells whether it holds.
    """

    given: str
    names: tuple[str, ...]
    part: Part

    def __call__(self, values: Values) -> bool:
        """Return whether it holds.

        Args:
            values: by name: numbers, texts, booleans, lists, None; or these as they are recorded,
                ``true`` and ``[128, 64]``. What is missing, or not a number (NaN), is null: equal
                to ``null`` alone, and neither less nor more than anything.

        Raises:
            UserError: values cannot be compared, or what is asked is neither true nor false.
        """
        try:
            return _true_or_false(self.part(values))
        except Mistake as mistake:
            raise UserError(f"{self.given}: {mistake}") from None

    def check_names(self, known: Collection[str]) -> None:
        """Check that all names are known.

        Raises:
            UserError: one is not; it says which one may be meant.
        """
        for name in self.names:
            if name not in known:
                meant = meant_by(name, known)
                suggestion = f" (did you mean {meant}?)" if meant else nearest(name, known)
                raise UserError(
                    f"{self.given}: {name} is not known{suggestion}; a text is in quotes: '{name}'"
                )


def parse(text: str, option: str = "--where ") -> Condition:
    """Return the condition that a text stands for; nothing in it is executed.

    Args:
        text: as it was given.
        option: before the text in errors, as ``--where `` or ``sweep.where=``.

    Raises:
        UserError: it is no condition.
    """
    given = f"{option}{text}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a text with \d
            tree = _tree(text)
        names = tuple(dict.fromkeys(_names(tree)))
        return Condition(given, names, _part(tree))
    except Mistake as mistake:
        raise UserError(f"{given}: {mistake}; {ALLOWED}") from None
    except (SyntaxError, ValueError, IndexError, RecursionError, MemoryError):
        why = "to compare, write ==" if ASSIGNMENT.search(text) else "cannot be read"
        shown = given if len(given) < LONGEST else f"{given[:LONGEST]}…"
        raise UserError(f"{shown}: {why}; {ALLOWED}") from None


def _tree(text: str) -> ast.expr:
    """Parse it; a tag may be called as nothing else may, as ``for`` and ``reviewed-by``."""
    tags: list[str] = []

    def stand_in(found: re.Match[str]) -> str:
        if found["tag"] is None:
            return found[0]
        tags.append(found["tag"])
        return f"tags._{len(tags) - 1}"

    tree = ast.parse(TEXT_OR_TAG.sub(stand_in, text.strip()), mode="eval").body
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="tags"), attr=number):
                node.attr = tags[int(number[1:])]
    return tree


def _name(node: ast.expr) -> str | None:
    """Return ``optim.lr`` or ``val/accuracy``; None for what is no name."""
    match node:
        case ast.Name(id=name):
            return None if name in CONSTANTS else name
        case ast.Attribute(value=parent, attr=name) if before := _name(parent):
            return f"{before}.{name}"
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            before, after = _name(left), _name(right)
            return f"{before}/{after}" if before and after else None
    return None


def _names(node: ast.expr) -> Iterator[str]:
    if name := _name(node):
        yield name
        return
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            yield from _names(child)


def _part(node: ast.expr) -> Part:
    """Return what tells the value of a node.

    Raises:
        Mistake: it is none that a condition may have.
    """
    if name := _name(node):
        return lambda values: _plain(values.get(name))
    match node:
        case ast.Constant(value=bool() | int() | float() | str() | None as constant):
            return lambda values: constant
        case ast.Name(id=word):
            constant = CONSTANTS[word]
            return lambda values: constant
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return lambda values: -number
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            inner = _part(operand)
            return lambda values: not _true_or_false(inner(values))
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            parts = [_part(each) for each in elements]
            return lambda values: [each(values) for each in parts]
        case ast.BoolOp(op=op, values=operands):
            parts, decides = [_part(each) for each in operands], all if _is_and(op) else any
            return lambda values: decides(_true_or_false(each(values)) for each in parts)
        case ast.Compare(left=left, ops=ops, comparators=others):
            return comparison([_readings(each) for each in (left, *others)], ops)
    raise Mistake(f"{ast.unparse(node)} is no part of a condition")


def _is_and(op: ast.boolop) -> bool:
    return isinstance(op, ast.And)


def _readings(node: ast.expr) -> Readings:
    """Return what tells the value of a node, and the text that it is recorded as, if it is one."""
    part, name = _part(node), _name(node)

    def readings(values: Values) -> list[Any]:
        value, recorded = part(values), values.get(name) if name else None
        return [value, recorded] if isinstance(recorded, str) else [value]

    return readings


def _plain(value: Any) -> Any:
    """Return what a recorded text stands for: a number, a boolean, a list, nothing or itself."""
    if isinstance(value, str):
        try:
            return _plain(json.loads(value))
        except ValueError:
            return value
    if isinstance(value, float) and math.isnan(value):
        return None
    return list(value) if isinstance(value, tuple) else value


def _true_or_false(value: Any) -> bool:
    if value is None:
        return False
    if not isinstance(value, bool):
        raise Mistake(f"{value!r} is neither true nor false; compare it with something")
    return value
