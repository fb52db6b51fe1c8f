"""A class or a function of the user's, found by its name and called; and where it went wrong."""

import importlib
import inspect
import re
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sweep.config.images import Shape
from sweep.config.params import as_text
from sweep.errors import UserError, nearest

ALLOWED = (
    "allowed is module.Class or module.function, which is found in the folder of the command or is "
    "installed, as in model._target_=my_nets.Net"
)

IN_LIBRARY = re.compile(r"\[\d+:\d+:\d+\] \S+: ")  # a time, and a line of MXNet's own source


def make(
    target: str, arguments: Mapping[str, Any], shape: Shape, classes: int, folder: Path
) -> Any:
    """Return what the target makes.

    Args:
        target: the module and the name in it.
        arguments: by name; ``classes``, ``num_classes`` and ``shape`` are added where the target
            declares them and they are not given.
        shape: of an image: channels, height, width.
        classes: scores of an image.
        folder: that the user's modules are imported from.

    Raises:
        UserError: it cannot be found, takes other arguments, or raises.
    """
    function = find(target, folder)
    declared = signature(function)
    known = {"classes": classes, "num_classes": classes, "shape": shape}
    own = {key: value for key, value in known.items() if key in declared}
    given = {**own, **arguments}
    _check_arguments(target, declared, given)
    try:
        return function(**given)
    except (Exception, SystemExit) as error:  # whatever somebody else's code raises
        raise UserError(f"model._target_={target}: {told(error, folder)}") from error


def find(target: str, folder: Path) -> Callable[..., Any]:
    """Return the class or function of this name.

    Raises:
        UserError: there is none.
    """
    field = f"model._target_={target}"
    name, _, attribute = target.rpartition(".")
    if not name:
        raise UserError(f"{field}: names no module; {ALLOWED}")
    try:
        module = importlib.import_module(name)
    except (Exception, SystemExit) as error:  # whatever the module does when it is imported
        raise UserError(
            f"{field}: cannot be imported: {told(error, folder)}; looked for in "
            f"{Path.cwd()} and among what is installed; {ALLOWED}"
        ) from error
    found = getattr(module, attribute, None)
    if found is None:
        public = [each for each in vars(module) if callable(getattr(module, each))]
        raise UserError(
            f"{field}{nearest(attribute, public)}: {module.__file__ or name} has no {attribute}; "
            f"{ALLOWED}"
        )
    if not callable(found):
        kind = type(found).__name__
        raise UserError(f"{field}: is of type {kind}, no class or function; {ALLOWED}")
    function: Callable[..., Any] = found
    return function


def signature(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    """Return the parameters that a class or function declares, by name."""
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):  # written in C: it says nothing
        return {}


def _check_arguments(
    target: str, declared: Mapping[str, inspect.Parameter], given: Mapping[str, Any]
) -> None:
    kinds = {each.kind for each in declared.values()}
    open_ended = {inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL}
    named = [key for key, each in declared.items() if each.kind not in open_ended]
    if inspect.Parameter.VAR_KEYWORD not in kinds:
        for key in given:
            if key not in named:
                near = nearest(key, named).replace("mean ", "mean model.")
                takes = ", ".join(named) or "none"
                raise UserError(
                    f"model.{key}={as_text(given[key])}: {target} has no such argument{near}; "
                    f"allowed are {takes}"
                )
    for key in named:
        if key not in given and declared[key].default is inspect.Parameter.empty:
            raise UserError(
                f"model.{key} is missing: {target} cannot be made without it; allowed is a value, "
                f"as in +model.{key}=VALUE"
            )


def told(error: BaseException, folder: Path) -> str:
    """Return an error in one line, with the place in the user's files that it comes from."""
    text = f"{type(error).__name__}: {_first_words(error)}"
    at = _place(error, folder)
    return f"{at}: {text}" if at else text


def _place(error: BaseException, folder: Path) -> str:
    """Return ``my_nets.py:12``, the last of the user's lines that an error came through."""
    frames = [(each.filename, each.lineno) for each in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename:
        frames.append((error.filename, error.lineno))
    root = folder.resolve()
    own = [(name, line) for name, line in frames if Path(name).is_relative_to(root)]
    own = [(name, line) for name, line in own if "site-packages" not in name]
    return f"{Path(own[-1][0]).relative_to(root)}:{own[-1][1]}" if own else ""


def _first_words(error: BaseException) -> str:
    """Return an error's text without the stack of MXNet's library that may be in it."""
    if isinstance(error, SyntaxError):
        return str(error.msg)
    text = str(error).partition("Stack trace")[0]
    text = text.rpartition("MXNetError: ")[2]
    return " ".join(IN_LIBRARY.sub("", text).split()) or "no message"
