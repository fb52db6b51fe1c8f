"""Arrays that a function of the user's returns: ``dataset=custom dataset._target_=mine.load``."""

import importlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator
from pydantic.dataclasses import dataclass

from sweep.config.choices import DATASETS
from sweep.config.datasets import DatasetConfig
from sweep.config.fields import STRICT, Role, Text
from sweep.config.images import Images
from sweep.config.own_targets import gathered
from sweep.config.tasks import Task
from sweep.data.formats.arrays import array_parts
from sweep.data.own.images import OwnImages
from sweep.data.readers.file_states import FileState
from sweep.data.readers.labelling import LABELLINGS
from sweep.data.readers.parts import Source
from sweep.errors import UserError
from sweep.own_modules import taking_part, visit

ARGUMENTS = "arguments"
# What a tuple of so many arrays holds, in its order.
IN_ORDER = {
    2: ("x_train", "y_train"),
    4: ("x_train", "y_train", "x_test", "y_test"),
    6: ("x_train", "y_train", "x_val", "y_val", "x_test", "y_test"),
}
FUNCTION = "allowed is module.function, which can be imported here or is installed"
RETURNS = (
    "allowed are a dict of arrays (x_train, y_train, x_test, y_test), or these four as a tuple, or "
    "as ((x_train, y_train), (x_test, y_test)); x_val and y_val may come before those to test on"
)


@DATASETS.registers("custom")
@dataclass(frozen=True, config=STRICT)
class Custom(OwnImages):
    """What a function returns; keys that are no field are its arguments.

    The function is called whenever a run needs its images: what it does is not known. Its
    arguments are kept as one text, in JSON.

    Attributes:
        _target_: the module and the name in it.
        arguments: of the function.
        _folder_: that its modules are imported from; None for the folder of the command.
    """

    tasks: ClassVar[tuple[Task, ...]] = ("classification", "regression")
    runs_code: ClassVar[bool] = True

    name: Annotated[Literal["custom"], Role.RECORD]
    _target_: Annotated[Text | None, Role.RECORD]
    arguments: Annotated[Text, Role.RECORD]
    _folder_: Annotated[Text | None, Role.MACHINE] = None

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, values: Any) -> Any:
        return gathered(cls, values, ARGUMENTS)

    def check(self) -> None:
        """Check that a function is named."""
        super().check()
        if not self._target_:
            raise UserError(f"dataset._target_=null: no function; {FUNCTION}")

    def place(self) -> str:
        """Return the name of the function."""
        return str(self._target_)

    def files(self) -> Iterable[FileState]:
        """Return none: which files the function reads is not known."""
        return ()

    def state(self) -> str | None:
        """Return None: what the function returns is known when it has been called."""
        return None

    @property
    def _modules_from(self) -> Path:
        return Path(self._folder_) if self._folder_ else Path.cwd()

    def read_by(self, folder: Path) -> DatasetConfig:
        """Return the same dataset, whose function is that of modules in another folder."""
        return replace(self, _folder_=str(folder))

    def read(self) -> Images:
        """Call the function, and split what it returns; its modules come with the images."""
        return replace(super().read(), modules=taking_part(self._modules_from))

    def source(self) -> Source:
        """Call the function, and return what is in its arrays."""
        with visit(self._modules_from):
            returned = _called(str(self._target_), json.loads(self.arguments))
        labelling, arrays = LABELLINGS[self.task], _as_arrays(str(self._target_), returned)
        return labelling.source(array_parts(str(self._target_), arrays, labelling))


def _called(target: str, arguments: Mapping[str, Any]) -> Any:
    try:
        function = _function(target)
    except (Exception, SystemExit) as error:  # whatever the module does when it is imported
        raise UserError(
            f"dataset._target_={target}: cannot be imported: {_reason(error)}; {FUNCTION}"
        ) from error
    try:
        return function(**arguments)
    except (Exception, SystemExit) as error:  # whatever the function raises
        given = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
        raise UserError(
            f"dataset._target_={target}: {target}({given}): {_reason(error)}"
        ) from error


def _function(target: str) -> Callable[..., Any]:
    module, _, name = target.rpartition(".")
    if not module:
        raise ImportError("no module is named")
    found = getattr(importlib.import_module(module), name)
    if not callable(found):
        raise TypeError(f"{name} is no function")
    function: Callable[..., Any] = found
    return function


def _reason(error: BaseException) -> str:
    """Return the error in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())


def _as_arrays(target: str, returned: Any) -> dict[str, NDArray[Any]]:
    if isinstance(returned, Mapping):
        named = {str(key): value for key, value in returned.items()}
    elif isinstance(returned, tuple | list):
        flat: list[Any] = []
        for each in returned:
            flat += each if isinstance(each, tuple | list) else [each]
        if len(flat) not in IN_ORDER:
            raise UserError(f"dataset._target_={target}: returned {len(flat)} values; {RETURNS}")
        named = dict(zip(IN_ORDER[len(flat)], flat, strict=True))
    else:
        what = type(returned).__name__
        raise UserError(f"dataset._target_={target}: returned a {what}; {RETURNS}")
    try:
        arrays = {name: np.asarray(value) for name, value in named.items()}
    except (ValueError, TypeError) as error:
        raise UserError(f"dataset._target_={target}: {_reason(error)}; {RETURNS}") from error
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise UserError(f"dataset._target_={target}: {name} holds objects; {RETURNS}")
    return arrays
