"""Finds a class or a function of the user's by its name, calls it, and says where it went wrong."""

import importlib
import inspect
import pkgutil
import re
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sweep.carried.own_code import completed, signature
from sweep.config.images import Shape
from sweep.config.own_targets import allowed
from sweep.config.params import as_text
from sweep.errors import UserError, nearest

UNKNOWN_ARGUMENT = re.compile(r"unexpected keyword argument '(\w+)'")
IN_LIBRARY = re.compile(r"\[\d+:\d+:\d+\] \S+: ")  # a time, and a line of MXNet's own source


def maker(target: str, arguments: Mapping[str, Any], folder: Path) -> Callable[[Shape, int], Any]:
    """Import a target; return what makes its network for images of a shape, and so many classes.

    Args:
        target: the module and the name in it.
        arguments: by name; ``classes``, ``num_classes`` and ``shape`` are added where the target
            declares them and they are not given.
        folder: that the user's modules are imported from.

    Raises:
        UserError: it cannot be found. What is returned raises it if the target takes other
            arguments, or raises.
    """
    function = find("model", target, folder)

    # Of layers in a list MXNet warns even where it finds them: the trial refuses the others.
    warnings.filterwarnings("ignore", ".*is an unregistered container with Blocks")

    def make(shape: Shape, classes: int) -> Any:
        given = completed(function, arguments, shape, classes)
        check_arguments("model", target, signature(function), given)
        return called("model", target, function, given, folder)

    return make


def called(
    group: str, target: str, function: Callable[..., Any], given: Mapping[str, Any], folder: Path
) -> Any:
    """Return what a class or a function of the user's returns.

    Raises:
        UserError: it raises.
    """
    try:
        return function(**given)
    except (Exception, SystemExit) as error:  # whatever somebody else's code raises
        near = _nearest_argument(error, group, function, given)
        raise UserError(f"{group}._target_={target}: {told(error, folder)}{near}") from error


def find(group: str, target: str, folder: Path) -> Callable[..., Any]:
    """Return the class or function of this name.

    Args:
        group: whose target it is, as ``model``.
        target: the module and the name in it.
        folder: that the user's modules are imported from.

    Raises:
        UserError: there is none.
    """
    return find_named(f"{group}._target_={target}", target, folder, allowed(group))


def find_named(field: str, target: str, folder: Path, allowed: str) -> Callable[..., Any]:
    """Do the same for any field.

    Args:
        field: for messages, with its value.
        target: the module and the name in it.
        folder: that the user's modules are imported from.
        allowed: what may be named, in words.
    """
    name, _, attribute = target.rpartition(".")
    if not name:
        raise UserError(f"{field}: names no module; {allowed}")
    try:
        module = importlib.import_module(name)
    except (Exception, SystemExit) as error:  # whatever the module does when it is imported
        raise UserError(
            f"{field}{_nearest_module(error, name, folder)}: cannot be imported: "
            f"{told(error, folder)}; looked for in {Path.cwd()} and among what is installed; "
            f"{allowed}"
        ) from error
    found = getattr(module, attribute, None)
    if found is None:
        public = [each for each in vars(module) if callable(getattr(module, each))]
        raise UserError(
            f"{field}{nearest(attribute, public)}: {module.__file__ or name} has no {attribute}; "
            f"{allowed}"
        )
    if not callable(found):
        kind = type(found).__name__
        raise UserError(f"{field}: is of type {kind}, no class or function; {allowed}")
    function: Callable[..., Any] = found
    return function


def _nearest_module(error: BaseException, name: str, folder: Path) -> str:
    """Return which module beside the one that is not there may be meant; nothing if it is there."""
    missing = error.name if isinstance(error, ModuleNotFoundError) else None
    if missing is None or not f"{name}.".startswith(f"{missing}."):
        return ""  # it imports another, which is not there
    package, dot, module = missing.rpartition(".")
    # A package that fails while it is imported is not there any more.
    found = getattr(sys.modules.get(package), "__path__", [])
    beside = pkgutil.iter_modules(found if package else [str(folder)])
    return nearest(module, [each.name for each in beside], f"{package}{dot}")


def _nearest_argument(
    error: BaseException, group: str, function: Callable[..., Any], given: Mapping[str, Any]
) -> str:
    """Return which argument may be meant by one that was passed on, and that nobody knows."""
    unknown = UNKNOWN_ARGUMENT.search(str(error)) if isinstance(error, TypeError) else None
    known = _named(signature(function))
    if unknown is None or unknown[1] not in given or unknown[1] in known:
        return ""
    return nearest(unknown[1], known, f"{group}.")


def _named(declared: Mapping[str, inspect.Parameter]) -> list[str]:
    open_ended = {inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL}
    return [key for key, each in declared.items() if each.kind not in open_ended]


def check_arguments(
    group: str, target: str, declared: Mapping[str, inspect.Parameter], given: Mapping[str, Any]
) -> None:
    """See that a class or a function can be called with these arguments.

    Raises:
        UserError: it has no such argument, or needs another.
    """
    kinds = {each.kind for each in declared.values()}
    named = _named(declared)
    if inspect.Parameter.VAR_KEYWORD not in kinds:
        for key in given:
            if key not in named:
                near = nearest(key, named, f"{group}.")
                takes = ", ".join(named) or "none"
                raise UserError(
                    f"{group}.{key}={as_text(given[key])}: {target} has no such argument{near}; "
                    f"allowed are {takes}"
                )
    for key in named:
        if key not in given and declared[key].default is inspect.Parameter.empty:
            raise UserError(
                f"{group}.{key} is missing: {target} cannot be made without it; allowed is a "
                f"value, as in +{group}.{key}=VALUE"
            )


def told(error: BaseException, folder: Path) -> str:
    """Return an error in one line, with the place in the user's files that it comes from."""
    text = f"{type(error).__name__}: {_first_words(error)}"
    at = _place(error, folder)
    return f"{at}: {text}" if at else text


@contextmanager
def explained(begin: str, folder: Path, at: str) -> Iterator[None]:
    """Turn whatever somebody else's code raises into one line.

    Args:
        begin: of the line: what the code was given.
        folder: that the user's modules are imported from.
        at: the place that is told if none of the user's lines is in the error, as
            `` (my_nets.py:12)``; empty if none is known.

    Raises:
        UserError: with this line.
    """
    try:
        yield
    except UserError:
        raise
    except (Exception, SystemExit) as error:  # whatever somebody else's code raises
        text = told(error, folder)
        is_there = at.partition(":")[0].strip(" (") in text
        raise UserError(f"{begin}: {text}{'' if is_there else at}") from error


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
