"""The kinds of fields that a configuration has: their bounds, and their roles.

Both are written where a field is declared, as in
``epochs: Annotated[Count, Role.IDENTITY]``; whoever needs a field's role reads it there.
"""

import dataclasses
import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Annotated, Any, get_args, get_type_hints

import pydantic
from pydantic import ConfigDict, Field, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import PydanticCustomError

STRICT = ConfigDict(extra="forbid")


class Role(Enum):
    """What a field decides about a run. Fields without a role have the first one."""

    TRAJECTORY = auto()  # what each epoch computes
    IDENTITY = auto()  # which epochs there are, which one is kept, what is measured
    RECORD = auto()  # nothing: it is recorded to be read
    MACHINE = auto()  # where and how the run is trained and recorded


class Mark(Enum):
    """What else is true of a field."""

    ONE_PER_SWEEP = auto()  # all runs of a sweep have the same value
    STUDY_MAY_CHANGE = auto()  # a study goes on with another value
    REPEAT = auto()  # runs that differ only in it repeat each other, and are compared by their mean
    KEYS = auto()  # a text in JSON, whose keys are fields beside it


@dataclass(frozen=True)
class Before:
    """The value that all runs had before the field was there.

    At this value the field is left out of the fingerprint, so runs that an older version recorded
    are found again.
    """

    value: Any


@dataclass(frozen=True)
class FieldInfo:
    """A field as it is declared.

    Attributes:
        key: dotted, as in ``optim.lr``.
        role: its own, or else that of the group it is in.
        marks: its own, and those of the group.
        before: None for a field that has always been there.
    """

    key: str
    role: Role
    marks: frozenset[Mark]
    before: Before | None

    def below(self, other: "FieldInfo") -> "FieldInfo":
        """Return this field as one of a group."""
        role = other.role if self.role is Role.TRAJECTORY else self.role
        return FieldInfo(f"{other.key}.{self.key}", role, self.marks | other.marks, self.before)


@functools.cache
def declared(schema: type) -> dict[str, FieldInfo]:
    """Return the fields that a dataclass declares itself, by name, in their order."""
    hints = get_type_hints(schema, include_extras=True)
    return {each.name: _info(each.name, hints[each.name]) for each in dataclasses.fields(schema)}


def _info(name: str, hint: Any) -> FieldInfo:
    notes = get_args(hint)[1:] if hasattr(hint, "__metadata__") else ()
    roles = [each for each in notes if isinstance(each, Role)]
    before = [each for each in notes if isinstance(each, Before)]
    marks = frozenset(each for each in notes if isinstance(each, Mark))
    return FieldInfo(
        key=name,
        role=roles[0] if roles else Role.TRAJECTORY,
        marks=marks,
        before=before[0] if before else None,
    )


def walk(config: Any) -> Iterator[tuple[FieldInfo, Any]]:
    """Yield every field of a configuration with its value, nested ones with dotted keys.

    The keys of a field that is marked as :attr:`Mark.KEYS` are yielded in its place.
    """
    schema: type = type(config)
    for name, info in declared(schema).items():
        value = getattr(config, name)
        if dataclasses.is_dataclass(value):
            for inner, inner_value in walk(value):
                yield inner.below(info), inner_value
        elif Mark.KEYS in info.marks:
            for key, given in json.loads(value).items():
                yield FieldInfo(key, info.role, frozenset(), None), _unmistakable(given)
        else:
            yield info, value


def _unmistakable(value: Any) -> Any:
    """Return the value; a text that reads as something else, as the number 16, in quotes."""
    if not isinstance(value, str):
        return value
    try:
        json.loads(value)
    except ValueError:
        return value
    return json.dumps(value)


def allowed(text: str) -> WrapValidator:
    """Answer whatever is wrong with a value by what is allowed instead."""

    def check(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
        try:
            return validate(value)
        except pydantic.ValidationError:
            raise PydanticCustomError("allowed", "allowed is {text}", {"text": text}) from None

    return WrapValidator(check)


def _explain_auto(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
    if value == "auto":
        text = "is for a grid, by itself in the command, and with --multirun; allowed is a number"
        raise PydanticCustomError("auto", "{text}", {"text": text})
    return validate(value)


Count = Annotated[int, Field(strict=True, ge=1), allowed("a whole number, 1 or more")]
Size = Annotated[int, Field(strict=True, ge=0), allowed("a whole number, 0 or more")]
Counts = Annotated[
    tuple[Count, ...], allowed("a list of whole numbers, each 1 or more, as in [128,64]")
]
Positive = Annotated[
    float, Field(strict=True, gt=0, allow_inf_nan=False), allowed("a finite number above 0")
]
NonNegative = Annotated[
    float, Field(strict=True, ge=0, allow_inf_nan=False), allowed("a finite number, 0 or more")
]
Limit = Annotated[
    float | None,
    Field(strict=True, gt=0, allow_inf_nan=False),
    allowed("a finite number above 0, or null"),
]
Fraction = Annotated[
    float, Field(strict=True, ge=0, lt=1), allowed("a number from 0 to less than 1")
]
Share = Annotated[float, Field(strict=True, gt=0, le=1), allowed("a number above 0 and at most 1")]
Inside = Annotated[
    float, Field(strict=True, gt=0, lt=1), allowed("a number above 0 and less than 1")
]
Strength = Annotated[
    float | None,
    Field(strict=True, gt=0, le=1),
    allowed("a number above 0 and at most 1, or null"),
]
Degrees = Annotated[
    float | None,
    Field(strict=True, gt=0, le=180),
    allowed("a number of degrees above 0 and at most 180, or null"),
]
Pixels = Annotated[
    int | None, Field(strict=True, ge=1), allowed("a whole number of pixels, 1 or more, or null")
]
Text = Annotated[
    str, Field(min_length=1, coerce_numbers_to_str=True), allowed("a text of one letter or more")
]
StudyName = Annotated[  # what all databases of Optuna's take
    str,
    Field(min_length=1, max_length=512, coerce_numbers_to_str=True),
    allowed("a text of one letter or more, and 512 at most"),
]
Texts = Annotated[tuple[str, ...], allowed("a list of texts, as in [a,b]")]
Words = Annotated[
    tuple[Annotated[str, Field(coerce_numbers_to_str=True)], ...],
    allowed("a list of words, as in [notify-send,done]"),
]
Switch = Annotated[bool, Field(strict=True), allowed("true or false")]
Seed = Annotated[
    int, Field(strict=True, ge=0, lt=2**31), allowed("a whole number from 0 to 2147483647")
]
RunSeed = Annotated[Seed, WrapValidator(_explain_auto)]
Seconds = Annotated[
    float | None,
    Field(strict=True, gt=0, allow_inf_nan=False),
    allowed("a number of seconds above 0, or null"),
]
