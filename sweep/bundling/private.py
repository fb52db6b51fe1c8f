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
    *(FINGERPRINT, FAILURE, DIVERGED, PRUNED_AFTER, PAUSED_AFTER, "device", "dataset.digest"),
    *(TIED_RUNS, DECIDED_BY),  # the verdict of seed=auto, by fingerprints
)
VERSIONS = "version."
PATH_IN_TEXT = re.compile(
    r"file:/+[^\s'\",;:()\[\]]*"  # an address
    r"|(?<![\w./\\~:<&*])(?:~[\w.-]*)?/[\w.@+~-][^\s'\",;:()\[\]<>]*"  # of Linux and macOS
    r"|(?<![\w/\\])(?:[A-Za-z]:[\\/]|\\\\)[^\s'\",;()\[\]<>]*"  # of Windows
)
ADDRESS = re.compile(r"[\w+.-]+://")
WITH_PASSWORD = re.compile(rb"[\w+.-]+://[^\s/'\"@{}]+:[^\s/'\"@{}]+@")


def without_private(text: str) -> str:
    """Return a text without passwords, and with the last part of each absolute path in it."""
    if ADDRESS.search(text):
        text = redacted(text)
    return PATH_IN_TEXT.sub(lambda found: _last_part(found[0]), text)


def is_private(text: str) -> bool:
    """Return whether a value is a path that means a place on one machine, or has a password."""
    windows, parts = PureWindowsPath(text), re.split(r"[\\/]", text)
    is_absolute = text.startswith(("/", "~", "\\", "file:")) or bool(windows.drive)
    return is_absolute or ".." in parts or (bool(ADDRESS.search(text)) and redacted(text) != text)


def is_given_away(tag: str) -> bool:
    """Return whether a tag means something elsewhere: how a run ended, what users say of it."""
    return tag in GIVEN_AWAY or tag.startswith(VERSIONS) or not is_reserved(tag)


def has_password(content: bytes) -> bool:
    """Return whether there is an address with a name and a password in a file."""
    return WITH_PASSWORD.search(content) is not None


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
            yield name, _shortened(key, value, places, is_machine or key in PLACES)


def _is_text_in_json(value: Any) -> bool:
    try:
        return isinstance(value, str) and isinstance(json.loads(value), dict)
    except (ValueError, RecursionError):
        return False


def _shortened(key: str, value: Any, places: list[str], is_place: bool) -> Any:
    """Return a value with the last part of each path in it; and note its field if there is one."""
    if isinstance(value, str):
        private = is_private(value)
        if (private or is_place) and key not in places:
            places.append(key)
        return _last_part(value) if private else value
    if isinstance(value, list | tuple):
        return [_shortened(key, each, places, is_place) for each in value]
    if isinstance(value, Mapping):
        return {
            name: _shortened(f"{key}.{name}", each, places, is_place)
            for name, each in value.items()
        }
    return value


def _last_part(path: str) -> str:
    """Return the name of a file or folder; of an address, what it is without a password."""
    if ADDRESS.search(path) and not path.startswith("file:"):
        return redacted(path)
    name = PurePosixPath(re.sub(r"[\\/]+", "/", path)).name.lstrip("~")
    name = re.sub(r"^[A-Za-z]:", "", name)
    return "_" if name in ("", "..") else name
