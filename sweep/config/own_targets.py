"""What a user names by ``_target_``: how it is called, its arguments, and its modules."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from sweep.own_modules import identified

EXAMPLES = {"model": "my_nets.Net", "loss": "my_losses.Focal"}  # of each group's targets
ARGUMENTS = "_arguments_"  # the field that has them

Own = TypeVar("Own", bound="OwnTarget")


@dataclass(frozen=True)
class Call:
    """A class or a function of a user's, and how it is called.

    Attributes:
        target: the module and the name in it.
        arguments: that were set, by name; can be written as JSON.
    """

    target: str
    arguments: Mapping[str, Any]


class OwnTarget:
    """What a target of the user's makes, and the modules that take part.

    It is no dataclass, so that the fields stay where the network and the loss have them.

    Attributes:
        _target_: the module and the name in it, as ``my_nets.Net``.
        _arguments_: of the target, as one text in JSON.
        _source_: 16 hex digits that identify the user's modules that take part, by their places
            and contents; None before they are known.
        _folder_: where copies of these modules are.
    """

    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]  # replace() asks for them

    _target_: str | None
    _arguments_: str
    _source_: str | None
    _folder_: str | None

    @property
    def is_unknown(self) -> bool:
        """Whether the modules that take part are not known yet."""
        return self._source_ is None

    @property
    def source(self) -> Path | None:
        """The folder with copies of the modules that take part."""
        return Path(self._folder_) if self._folder_ else None

    @property
    def call(self) -> Call:
        """The target, and its arguments."""
        return Call(str(self._target_), json.loads(self._arguments_))

    def built_from(self: Own, folder: Path) -> Own:
        """Return the same, built from copies of its modules in another folder."""
        return dataclasses.replace(self, _folder_=str(folder))

    def known_by(self: Own, folder: Path) -> Own:
        """Return the same, known by all modules in a folder, those of others too."""
        return dataclasses.replace(self, _folder_=str(folder), _source_=identified(folder))


def allowed(group: str) -> str:
    """Return what may be named by a group's ``_target_``, in words."""
    return (
        "allowed is module.Class or module.function, which is found in the folder of the command "
        f"or is installed, as in {group}._target_={EXAMPLES[group]}"
    )


def gathered(schema: type, values: Any, key: str = ARGUMENTS) -> Any:
    """Return a group's values with its arguments, the keys that are no field, in one text of JSON.

    Args:
        schema: a dataclass, whose fields stay as they are.
        values: of the group, as they were composed; what is no dict is returned as it is.
        key: of the field that takes the text.
    """
    if not isinstance(values, dict):
        return values
    known = {each.name for each in dataclasses.fields(schema)}
    others = {name: value for name, value in values.items() if name not in known}
    kept = {name: value for name, value in values.items() if name in known}
    given = json.loads(kept.get(key, "{}")) | others
    return {**kept, key: json.dumps(given, sort_keys=True)}
