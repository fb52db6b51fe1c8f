"""What is in a bundle: its members, and what each of its JSON files has to look like."""

import functools
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from typing import Annotated, Any, Literal

import pydantic
from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, model_validator
from pydantic.dataclasses import dataclass

from sweep.bundling.texts import all_of_one_line, name_in_a_record, of_one_line, plain
from sweep.errors import UserError

FORMAT = 1
MANIFEST, SWEEP, LEADERBOARD, REPORT = (
    "manifest.json",
    "sweep.json",
    "leaderboard.csv",
    "report.html",
)
RUNS, ENVIRONMENTS, SOURCES = "runs", "environments", "sources"
ALWAYS = (SWEEP, LEADERBOARD, REPORT)
NAME = re.compile(
    rf"{SWEEP}|{LEADERBOARD}|{REPORT}|{RUNS}/\d{{4,6}}\.json|{ENVIRONMENTS}/[0-9a-f]{{16}}\.json"
    rf"|{SOURCES}/[0-9a-f]{{16}}(/(?!\.+/)(?!\.+$)[\w.+-]{{1,200}}){{1,20}}",
    re.ASCII,
)
STRICT = ConfigDict(extra="forbid", strict=True)
LATEST_MS = 2**42  # a year after 2100
MOST_EPOCHS = 2**31

Identity = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
RunId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Milliseconds = Annotated[int, Field(ge=0, lt=LATEST_MS)]
# As many as MLflow takes of a param; of a tag it takes more.
MOST_LETTERS = 6000

Words = Annotated[str, Field(max_length=MOST_LETTERS), AfterValidator(plain)]
Name = Annotated[str, Field(min_length=1, max_length=MOST_LETTERS), AfterValidator(of_one_line)]
Key = Annotated[str, Field(max_length=250), AfterValidator(name_in_a_record)]
Status = Literal["FINISHED", "FAILED", "KILLED"]
Number = Annotated[float, Field(allow_inf_nan=False)] | Literal["nan", "inf", "-inf"]


@dataclass(frozen=True, config=STRICT)
class Member:
    """A file of a bundle, as the manifest has it."""

    bytes: Annotated[int, Field(ge=0)]
    sha256: Digest


@dataclass(frozen=True, config=STRICT)
class Manifest:
    """What has to be in a bundle, and nothing else."""

    format: Literal[1]
    program: Words
    members: dict[str, Member]


@dataclass(frozen=True, config=STRICT)
class Curve:
    """What was measured: the epochs in their order, and a value of each."""

    epochs: list[Annotated[int, Field(ge=0, lt=MOST_EPOCHS)]]
    values: list[Number]

    @model_validator(mode="after")
    def _check(self) -> "Curve":
        if len(self.epochs) != len(self.values) or not self.epochs:
            raise ValueError("allowed is a value for each epoch, and one or more")
        if sorted(set(self.epochs)) != self.epochs:
            raise ValueError("allowed are epochs in their order, each once")
        return self

    def points(self) -> dict[int, float]:
        """Return the values by their epochs."""
        return dict(zip(self.epochs, map(float, self.values), strict=True))


@dataclass(frozen=True, config=STRICT)
class BundledRun:
    """A run.

    Attributes:
        run_id: where it was recorded first.
        name: MLflow's.
        status: FINISHED, FAILED or KILLED.
        start_ms: since 1970.
        end_ms: since 1970.
        params: as they are recorded.
        tags: those that mean something elsewhere.
        curves: of each metric, all values with all their digits.
        config: what ``config.yaml`` has; None if it kept none.
        places: the fields of it that said where something lay.
        environment: which file has it; None if it kept none.
        commit: of the code.
        source: identifies the user's modules that make the network and the loss, if there are any.
        dataset_source: those that make the images.
    """

    run_id: RunId
    name: Name
    status: Status
    start_ms: Milliseconds
    end_ms: Milliseconds
    params: dict[Key, Words]
    tags: dict[Key, Words]
    curves: dict[Key, Curve]
    config: Annotated[dict[str, Any], AfterValidator(all_of_one_line)] | None
    places: list[Key]
    environment: Identity | None
    commit: Words
    source: Identity | None
    dataset_source: Identity | None


@dataclass(frozen=True, config=STRICT)
class BundledSweep:
    """The sweep: what it is called, and by what its runs are ranked."""

    run_id: RunId
    name: Name
    experiment: Name
    status: Status
    start_ms: Milliseconds
    end_ms: Milliseconds
    params: dict[Key, Words]
    tags: dict[Key, Words]
    metric: Key
    direction: Literal["max", "min"]


Environment = dict[Words, Words | int | None | dict[Words, Words]]


@dataclass(frozen=True)
class Bundle:
    """All of a bundle.

    Attributes:
        sweep: the sweep.
        runs: in the order in which they began.
        environments: what runs ran on, by what identifies it.
        sources: users' modules: what identifies them, their places, and what is in them.
        leaderboard: as CSV.
        report: as HTML.
    """

    sweep: BundledSweep
    runs: list[BundledRun]
    environments: dict[str, Environment]
    sources: dict[str, dict[str, bytes]]
    leaderboard: bytes
    report: bytes = field(repr=False)


@functools.cache
def _adapter(schema: Any) -> "TypeAdapter[Any]":
    return TypeAdapter(schema)


def to_json(value: Any) -> bytes:
    """Return a value as a bundle has it: keys in order, numbers with all their digits.

    Raises:
        ValueError: JSON has no such value.
    """
    text = json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def from_json(name: str, content: bytes, schema: Any) -> Any:
    """Return what a member says, checked.

    Args:
        name: of the member.
        content: of it.
        schema: a type.

    Raises:
        UserError: it is not in JSON as :func:`to_json` writes it, or has a wrong value.
    """
    try:
        adapter = _adapter(schema)
        found = adapter.validate_json(content)
        # Names that are there twice, other spellings of a number, and the like: none is ours.
        if to_json(adapter.dump_python(found)) != content:
            raise ValueError("is not as `sweep bundle` writes it")
        return found
    except pydantic.ValidationError as error:
        raise UserError(f"{name}: {_first(error)}") from error
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise UserError(f"{name}: {' '.join(str(error).split())[:200]}") from error


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Turn a wrong value of what is made meanwhile into one sentence that begins so."""
    try:
        yield
    except pydantic.ValidationError as error:
        raise UserError(f"{what}: {_first(error)}") from error


def _first(error: pydantic.ValidationError) -> str:
    first = error.errors()[0]
    steps = ".".join(map(str, first["loc"]))[:100]
    said = " ".join(first["msg"].split()).removeprefix("Value error, ")
    return f"{steps}{': ' if steps else ''}{said}"


def digest(content: bytes) -> str:
    """Return the SHA-256 of a member, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def manifest_of(program: str, members: Mapping[str, bytes]) -> bytes:
    """Return the manifest of these members."""
    listed = {
        name: {"bytes": len(content), "sha256": digest(content)}
        for name, content in members.items()
    }
    return to_json({"format": FORMAT, "program": program, "members": listed})
