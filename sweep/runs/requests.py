"""What can be asked of a sweep that is at work, as a file says it: it is data, and no more."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sweep.errors import UserError, either, nearest

MOST_JOBS = 10_000
MOST_ARGUMENTS = 1_000
MOST_LETTERS = 10_000  # of an argument
WHOLE_NUMBER = re.compile("[+-]?[0-9]+")

# Each action with what it is given, as a user types it.
ACTIONS = {
    "pause": "",
    "resume": "",
    "stop": "",
    "jobs": "NUMBER",
    "kill": "RUN",
    "first": "RUN",
    "add": "OVERRIDE...",
}


@dataclass(frozen=True)
class Asked:
    """What is asked of a sweep.

    Attributes:
        action: one of ``ACTIONS``.
        arguments: of the action.
        host: on which it was asked.
        time: at which it was asked, in ISO 8601 with the time zone.
    """

    action: str
    arguments: tuple[str, ...]
    host: str
    time: str

    @property
    def words(self) -> str:
        """What was typed."""
        return " ".join([self.action, *self.arguments])


@dataclass(frozen=True)
class Answer:
    """What came of it.

    Attributes:
        is_done: False where it was refused.
        text: what was done, or why not, in one line.
    """

    is_done: bool
    text: str


class NotARequest(ValueError):
    """A file that is of another shape. Its text says in what."""


def check_action(action: str, arguments: Sequence[str]) -> None:
    """Check what is asked, as far as that can be done without the sweep.

    Raises:
        UserError: there is no such action, or it is given something else.
    """
    if action not in ACTIONS:
        known = either(ACTIONS)
        raise UserError(f"{action}: is no action{nearest(action, ACTIONS)}; allowed are {known}")
    given, wanted = " ".join([action, *arguments]), ACTIONS[action]
    is_right = bool(arguments) if wanted.endswith("...") else len(arguments) == bool(wanted)
    if not is_right or len(arguments) > MOST_ARGUMENTS:
        raise UserError(f"{given}: allowed is {' '.join(filter(None, (action, wanted)))}")
    if any(not each.strip() or len(each) > MOST_LETTERS for each in arguments):
        raise UserError(f"{action}: what it is given is empty, or longer than {MOST_LETTERS:,}")
    if action == "jobs":
        jobs_of(arguments[0])


def jobs_of(text: str) -> int:
    """Return the number of runs at once that is asked for.

    Raises:
        UserError: it is none, or out of range.
    """
    if not WHOLE_NUMBER.fullmatch(text) or not 1 <= (found := int(text[:20])) <= MOST_JOBS:
        raise UserError(f"jobs {text}: allowed is a whole number from 1 to {MOST_JOBS:,}")
    return found


def to_json(shown: Asked | Answer) -> bytes:
    """Return what a file has of it."""
    return json.dumps(asdict(shown)).encode()


def asked_from(content: bytes) -> Asked:
    """Return what a file asks for.

    Raises:
        NotARequest: it is of another shape.
    """
    values = _values(content, Asked)
    arguments = values["arguments"]
    if not isinstance(arguments, list) or not all(isinstance(each, str) for each in arguments):
        raise NotARequest("arguments is not a list of texts")
    for key in ("action", "host", "time"):
        if not isinstance(values[key], str) or not values[key].isprintable():
            raise NotARequest(f"{key} is not a text of one line")
    if not all(each.isprintable() for each in arguments):
        raise NotARequest("arguments has more than one line")
    try:
        check_action(values["action"], arguments)
    except UserError as error:
        raise NotARequest(str(error)) from error
    return Asked(**{**values, "arguments": tuple(arguments)})


def answer_from(content: bytes) -> Answer:
    """Return what a file answers.

    Raises:
        NotARequest: it is of another shape.
    """
    values = _values(content, Answer)
    if not isinstance(values["is_done"], bool) or not isinstance(values["text"], str):
        raise NotARequest("is_done is not true or false, or text is no text")
    return Answer(**values)


def _values(content: bytes, shape: type[Asked] | type[Answer]) -> dict[str, Any]:
    """Return the values of a JSON object that has exactly these keys."""
    keys = shape.__dataclass_fields__
    try:
        values = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise NotARequest("it is not JSON") from error
    if not isinstance(values, dict) or {*values} != {*keys}:
        raise NotARequest(f"it has not exactly the keys {', '.join(keys)}")
    return values
