"""What stays at home when a sweep is given away: places on this machine, names and passwords.

What is written into a bundle is cleaned here, and what is read from one has to be clean: so nothing
in a bundle can name a file outside of the folder that it is opened in.
"""

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from sweep.config.choices import CHOSEN
from sweep.config.fields import Mark, Role, declared
from sweep.config.schema import Config
from sweep.tracking import (
    DATASET_DIGEST,
    DECIDED_BY,
    DIVERGED,
    FAILURE,
    FINGERPRINT,
    PAUSED_AFTER,
    PRUNED_AFTER,
    TIED_RUNS,
    is_reserved,
)
from sweep.uris import redacted

TEXTS_IN_JSON = {"dataset": "arguments", "model": "_arguments_", "loss": "_arguments_"}
PLACES = ("init_from", "model.file")  # fields that say where a file is, whatever they decide
GIVEN_AWAY = (
    *(FINGERPRINT, FAILURE, DIVERGED, PRUNED_AFTER, PAUSED_AFTER, "device", DATASET_DIGEST),
    *(TIED_RUNS, DECIDED_BY),  # the verdict of seed=auto, by fingerprints
)
VERSIONS = "version."
LOCAL = r"(?<![\w+.-])(?:file:/|[\w+.-]+:///)"  # how an address of this machine begins
OF_A_RECORD = r"(?<!\bmodels:)(?<!\bruns:)(?<!\bmlflow-artifacts:)"  # no path comes after these
UPWARDS = r"(?:[\w.@+~-]+[\\/])*\.\.[\\/]"  # how a path begins that leaves its folder
PLACE = rf"(?:{LOCAL}|{UPWARDS}|~[\w.-]*/|/+(?=[\w.@+~-])|[A-Za-z]:[\\/]|\\\\)"
BEGINS_WITH_A_PLACE = re.compile(PLACE)
IN_QUOTES = re.compile(  # where a path may have blanks; of two kinds, for texts in JSON in a text
    rf"(?<=(?<!\\)(['\"])){PLACE}(?:\\.|(?!\1)[^\\\n])*|(?<=\\(['\"])){PLACE}[^\n]*?(?=\\\2)"
)
PATH_IN_TEXT = re.compile(
    rf"{LOCAL}/*[^\s'\",;:()\[\]]*"
    rf"|(?<![\w./\\@+~-]){UPWARDS}[^\s'\",;:()\[\]<>]*"
    rf"|{OF_A_RECORD}(?<![\w./\\~<&*])(?:~[\w.-]*)?/[\w.@+~-][^\s'\",;:()\[\]<>]*"  # Linux's
    r"|(?<![\w/\\])(?:[A-Za-z]:[\\/]|\\\\)[^\s'\",;()\[\]<>]*"  # of Windows
)
ADDRESS = "://"  # what every one has
IS_LOCAL, IS_ADDRESS = re.compile(LOCAL), re.compile(r"[\w+.-]{2,}://")  # no drive of Windows
WITH_PASSWORD = re.compile(r"(?<![\w+.-])[\w+.-]+://[^\s/'\"@{}:]*:[^\s/'\"@{}]+@")
# Addresses in code, up to where a value is put in. A database's password may have a quote.
IN_CODE = re.compile(
    r"(?<![\w+.-])(?:https?://[^\s{}'\"]+"
    r"|(?:postgres(?:ql)?|mysql|mariadb|mssql)(?:\+\w+)?://[^\s{}]+)"
)


def without_private(text: str) -> str:
    """Return a text without passwords, and with the last parts of paths that leave their folder."""
    before = None
    while text != before:  # what is left of two may be another
        before, text = text, without_quoted_paths(text)
        text = PATH_IN_TEXT.sub(lambda found: _last_part(found[0]), text)
    return text


def without_quoted_paths(text: str) -> str:
    """Return a text without passwords, and with the last part of each path behind a quote."""
    return IN_QUOTES.sub(lambda found: _last_part(found[0]), _without_passwords(text))


def told_of(text: str) -> str:
    """Return the last part of a text that begins with a path, which may have blanks.

    Any other text comes back without what is private in it.
    """
    text = _without_passwords(text)
    return _last_part(text) if BEGINS_WITH_A_PLACE.match(text) else without_private(text)


def is_private(text: str) -> bool:
    """Return whether a value is a path that means a place on one machine, or has a password."""
    return _is_place(text) or _without_passwords(text) != text


def _is_place(text: str) -> bool:
    windows, parts = PureWindowsPath(text), re.split(r"[\\/]", text)
    if IS_LOCAL.match(text):
        return True
    if IS_ADDRESS.match(text):
        return False
    return text.startswith(("/", "~", "\\")) or bool(windows.drive) or ".." in parts


def is_given_away(tag: str) -> bool:
    """Return whether a tag means something elsewhere: how a run ended, what users say of it."""
    return tag in GIVEN_AWAY or tag.startswith(VERSIONS) or not is_reserved(tag)


def has_password(content: bytes) -> bool:
    """Return whether an address in a file has a password or a token, with a name or without."""
    text = content.decode(errors="replace")
    found = (each[0] for each in IN_CODE.finditer(text))
    return bool(WITH_PASSWORD.search(text)) or any(redacted(each) != each for each in found)


@dataclasses.dataclass(frozen=True)
class Cleaned:
    """A configuration that can be given away.

    Attributes:
        config: as ``config.yaml`` has it, with the last parts of paths alone.
        places: the fields that said where something lay.
    """

    config: Mapping[str, Any]
    places: tuple[str, ...]


def cleaned(config: Mapping[str, Any]) -> Cleaned:
    """Return a configuration, as it is recorded, without what is about one machine.

    What is clean comes back as it is.
    """
    machine = {name for name, info in declared(Config).items() if info.role is Role.MACHINE}
    found: dict[str, Any] = {}
    places: list[str] = []
    for name, value in config.items():
        if name in machine:
            continue
        if name in CHOSEN and isinstance(value, Mapping):
            found[name] = dict(_cleaned_group(name, value, places))
        else:
            found[name] = _shortened(name, value, places, name in PLACES)
    return Cleaned(found, tuple(places))


def _cleaned_group(
    group: str, values: Mapping[str, Any], places: list[str]
) -> Iterator[tuple[str, Any]]:
    schema = CHOSEN[group].get(str(values.get("name")))
    infos = declared(schema) if schema else {}
    for name, value in values.items():
        info, key = infos.get(name), f"{group}.{name}"
        is_machine = info is not None and info.role is Role.MACHINE
        if name == "_folder_":
            yield name, None  # where copies of modules were; a bundle has them
        elif name == "mirrors":
            yield name, []
        elif name == TEXTS_IN_JSON.get(group) and _is_text_in_json(value):
            given = json.loads(value)
            inner = {k: _shortened(f"{group}.{k}", v, places, False) for k, v in given.items()}
            yield name, value if inner == given else json.dumps(inner, sort_keys=True)
        elif name.startswith("_") or (info and Mark.KEYS in info.marks):
            yield name, value
        else:
            is_place = is_machine or (info is not None and key in PLACES)
            yield name, _shortened(key, value, places, is_place)


def _is_text_in_json(value: Any) -> bool:
    try:
        return isinstance(value, str) and isinstance(json.loads(value), dict)
    except (ValueError, RecursionError):
        return False


def _shortened(key: str, value: Any, places: list[str], is_place: bool) -> Any:
    """Return a value with the last part of each path in it; and note the field if there is one."""
    if isinstance(value, str):
        shortened = short(value)
        if (shortened != value or is_place) and key not in places:
            places.append(key)
        return shortened
    if isinstance(value, list | tuple):
        return [_shortened(key, each, places, is_place) for each in value]
    if isinstance(value, Mapping):
        names = {name: short(name) if isinstance(name, str) else name for name in value}
        if any(name != shorter for name, shorter in names.items()) and key not in places:
            places.append(key)
        return {
            names[name]: _shortened(key, each, places, is_place) for name, each in value.items()
        }
    return value


def short(text: str) -> str:
    """Return a value with the last part of a path alone, whether it is one or has some in it."""
    text = _without_passwords(text)
    return _last_part(text) if _is_place(text) else without_private(text)


def _without_passwords(text: str) -> str:
    return redacted(text) if ADDRESS in text else text


def _last_part(path: str) -> str:
    """Return the name of a file or folder."""
    name = PurePosixPath(re.sub(r"[\\/]+", "/", path)).name
    name = re.sub(r"^(?:~|[A-Za-z]:)+", "", name)
    return "_" if name in ("", "..") else name
