"""Code of a user's own: how it is called, and its modules while a model uses them.

It needs neither MXNet nor anything else of this package: models that are made by such code carry a
copy of this file.
"""

import importlib
import inspect
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

_one_at_a_time = threading.RLock()  # sys.modules is one for all threads


def signature(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    """Return the parameters that a class or function declares, by name."""
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):  # written in C: it says nothing
        return {}


def completed(
    function: Callable[..., Any],
    arguments: Mapping[str, Any],
    shape: tuple[int, int, int],
    classes: int,
) -> dict[str, Any]:
    """Return the arguments of what makes a network, with those that are given by themselves.

    Args:
        function: the class or the function.
        arguments: that were set, by name.
        shape: of an image: channels, height, width.
        classes: scores of an image.
    """
    declared = signature(function)
    known = {"classes": classes, "num_classes": classes, "shape": shape}
    return {**{key: value for key, value in known.items() if key in declared}, **arguments}


class OwnModules:
    """The modules in a folder, which others can import only while they are in use.

    Python knows one module of a name in a process, and the models in it may have different ones of
    the same name. So modules are put aside after use, and those that were there before come back.
    """

    def __init__(self, folder: Path) -> None:
        """Take the folder, which need not be there; nothing is imported yet."""
        self._folder = str(folder)
        files = folder.iterdir() if folder.is_dir() else ()
        self._names = {each.name.partition(".")[0] for each in files}
        self._put_aside: dict[str, ModuleType] = {}

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Let the modules be imported from the folder, before all others; for one model at a time.

        A module is executed once, however often it is in use.
        """
        with _one_at_a_time:
            others = self._taken_out()
            sys.modules.update(self._put_aside)
            sys.path.insert(0, self._folder)
            importlib.invalidate_caches()
            try:
                yield
            finally:
                if self._folder in sys.path:  # a module may have changed it
                    sys.path.remove(self._folder)
                self._put_aside = self._taken_out()
                sys.modules.update(others)

    def _taken_out(self) -> dict[str, ModuleType]:
        """Remove the modules of these names, and of those below them; return them."""
        names = [each for each in sys.modules if each.partition(".")[0] in self._names]
        return {each: sys.modules.pop(each) for each in names}
