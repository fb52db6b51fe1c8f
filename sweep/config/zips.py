"""Values that belong together: ``sizes=zip(model.hidden=[[64],[128]],optim.lr=[0.1,0.05])``.

One dimension of a sweep with a name of its own, each of whose rows sets several fields. The grammar
is that of Hydra's own design, which Hydra 1.3 does not have yet:
https://github.com/facebookresearch/hydra/blob/8a6668c/docs/design/zipped_sweeps.md
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, cast

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException

from sweep.config.compose import GROUP_KEYS, fields
from sweep.config.ranges import parse_overrides
from sweep.errors import UserError

ZIP = re.compile(r"[^=]+=\s*zip\(")  # how one begins
WHOLE = re.compile(ZIP.pattern + r"(?P<members>.*)\)\s*", re.DOTALL)
AS_IN = "as in sizes=zip(model.hidden=[[64],[128]],optim.lr=[0.1,0.05])"
OPEN, CLOSED, QUOTES = "([{", ")]}", "'\""

Row = tuple[str, ...]  # overrides that are set together


def check_name(text: str) -> None:
    """Check the name of a zip.

    Raises:
        UserError: it is none, or that of a field or a group.
    """
    name = text.partition("=")[0]
    if not name.isidentifier():
        raise UserError(f"{text}: has no name of its own; allowed is a word, {AS_IN}")
    if name in (*fields(), *GROUP_KEYS):
        raise UserError(f"{text}: {name} is a field or a group; allowed is another name, {AS_IN}")


def rows_of(text: str, loader: ConfigLoader | None = None) -> list[Row]:
    """Return the rows of a zip, in their order.

    Args:
        text: as it was given, ``NAME=zip(KEY=VALUES,…)``.
        loader: of the configurations that ``glob(*)`` chooses from; None without any.

    Raises:
        UserError: it has fewer than two members, one of them twice, or of different lengths; or
            something comes after it.
    """
    check_name(text)
    match = WHOLE.fullmatch(text)
    if not match:
        raise UserError(f"{text}: does not end with the zip; allowed is one by itself, {AS_IN}")
    columns: dict[str, list[str]] = {}
    for member in _split(match["members"], text):
        key, is_set, values = (part.strip() for part in member.partition("="))
        if not (key and is_set) or key.startswith("~"):
            raise UserError(
                f"{text}: {member} sets no field; allowed are lists, one for each field, {AS_IN}"
            )
        if key in columns:
            raise UserError(f"{text}: has {key} twice; allowed is each once")
        columns[key] = _values(key, values, text, loader)
    if len(columns) < 2:
        raise UserError(f"{text}: has one field; allowed are two or more, {AS_IN}")
    lengths = {key: len(each) for key, each in columns.items()}
    if len({*lengths.values()}) > 1:
        told = ", ".join(f"{key} has {number}" for key, number in lengths.items())
        raise UserError(f"{text}: {told} values; allowed are as many for each field")
    return list(zip(*columns.values(), strict=True))


def _values(key: str, values: str, text: str, loader: ConfigLoader | None) -> list[str]:
    """Return the overrides that set one member, in their order."""
    try:
        (override,) = parse_overrides([f"{key}={values}"], loader)
    except HydraException as error:
        why = str(error).splitlines()[0]
        raise UserError(f"{text}: {key}={values} cannot be read: {why}") from error
    if isinstance(override.value(), list) and override.value():  # the values of the rows
        key = override.get_key_element()
        elements = cast(list[Any], override._value)
        return [f"{key}={Override._get_value_element_as_str(each)}" for each in elements]
    if not override.is_discrete_sweep():
        raise UserError(
            f"{text}: {key}={values} is no list of values; allowed are lists, choices and ranges, "
            f"{AS_IN}"
        )
    if getattr(override.value(), "shuffle", False):
        raise UserError(f"{text}: {key}={values} is shuffled, and would not belong together")
    key = override.get_key_element()
    return [f"{key}={value}" for value in override.sweep_string_iterator()]


def _split(members: str, text: str) -> Iterator[str]:
    """Yield what is between commas that are in no brackets and no quotes."""
    depth, quote, begin, is_escaped = 0, "", 0, False
    for place, letter in enumerate(members):
        if quote:
            quote = "" if letter == quote and not is_escaped else quote
            is_escaped = letter == "\\" and not is_escaped
        elif letter in QUOTES:
            quote = letter
        elif letter in OPEN or letter in CLOSED:
            depth += 1 if letter in OPEN else -1
            if depth < 0:
                break
        elif letter == "," and not depth:
            yield members[begin:place].strip()
            begin = place + 1
    if depth or quote:
        raise UserError(f"{text}: a bracket or a quote is not closed")
    yield members[begin:].strip()


def names_of(rows: Sequence[Row]) -> list[str]:
    """Return the keys that rows set, without what says how: ``+model.width`` is model.width."""
    return [each.partition("=")[0].lstrip("+") for row in rows[:1] for each in row]
