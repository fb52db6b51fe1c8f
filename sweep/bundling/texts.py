"""What the texts of a bundle may be: none of them moves a cursor or pretends to be another line."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sweep.errors import CONTROLS

CONTROL = re.compile(rf"[{CONTROLS}\ud800-\udfff]")
LINE_ENDS = re.compile(r"[\t\n\u2028\u2029]")  # of a name, which would be lines of its own
KEY = re.compile(r"(?![./ ])[\w\-.: ]+(/(?!\.)[\w\-.: ]+)*")  # what MLflow takes, on any system


def plain(text: str) -> str:
    """Return a text; refuse one with control characters.

    Raises:
        ValueError: it has one.
    """
    if CONTROL.search(text):
        raise ValueError("allowed is a text without control characters")
    return text


def of_one_line(text: str) -> str:
    """Return a text; refuse one of several lines, or with control characters.

    Raises:
        ValueError: it is one.
    """
    if LINE_ENDS.search(text):
        raise ValueError("allowed is a text of one line")
    return plain(text)


def name_in_a_record(text: str) -> str:
    """Return the name of a metric, a param or a tag; refuse one that not every record takes.

    Raises:
        ValueError: it is one.
    """
    if not KEY.fullmatch(text) or text.startswith("mlflow."):
        raise ValueError("allowed is a name that a record takes")
    return text


def all_of_one_line(values: dict[str, Any]) -> dict[str, Any]:
    """Return nested values; refuse them where a text or a key is not of one plain line.

    What is named there is shown to whoever decides whether it may run.

    Raises:
        ValueError: one is not.
    """
    for each in texts_in(values):
        of_one_line(each)
    return values


def texts_in(value: Any) -> Iterator[str]:
    """Yield all texts in nested mappings and lists, the keys of mappings too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from texts_in(key)
            yield from texts_in(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from texts_in(each)
