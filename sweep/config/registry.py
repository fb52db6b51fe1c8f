"""What can be chosen by name: each choice is a module that registers itself.

The modules of this project are found in their package. A package of somebody else's adds its own by
an entry point in the group ``sweep.plugins`` that names a module; whatever that module registers
when it is imported can be chosen in every process of a sweep, on every machine that has it:
https://packaging.python.org/en/latest/specifications/entry-points/
"""

import functools
import importlib
import pkgutil
from collections.abc import Callable
from importlib.metadata import EntryPoints, entry_points
from typing import Generic, TypeVar

from sweep.errors import UserError, either, nearest

PLUGINS = "sweep.plugins"

Choice = TypeVar("Choice")
Registered = TypeVar("Registered")


class Registry(Generic[Choice]):
    """The choices of one kind, by name.

    Attributes:
        key: what a user sets to choose, as in ``model``.
    """

    def __init__(self, key: str, package: str | None = None) -> None:
        """Take what a user sets, and the package whose modules register themselves here."""
        self.key = key
        self._package = package
        self._choices: dict[str, Choice] = {}
        self._refused: dict[str, str] = {}

    def register(self, name: str, choice: Choice) -> None:
        """Make a choice known by this name."""
        self._choices[name] = choice

    def registers(self, name: str) -> Callable[[Registered], Registered]:
        """Return a decorator that makes a class, or a function, known by this name."""

        def decorate(choice: Registered) -> Registered:
            self._choices[name] = choice  # type: ignore[assignment]
            return choice

        return decorate

    def refuse(self, name: str, reason: str) -> None:
        """Make known why there is no choice of this name, and what to take instead."""
        self._refused[name] = reason

    def refusal(self, name: str) -> str | None:
        """Return why there is no choice of this name, if somebody may look for it."""
        return self._refused.get(name) if self.get(name) is None else None

    def names(self) -> list[str]:
        """Return the names of all choices, in alphabetical order."""
        self._discover()
        return sorted(self._choices)

    def get(self, name: str) -> Choice | None:
        """Return the choice of this name, or None."""
        if name not in self._choices:
            self._discover()
        return self._choices.get(name)

    def __getitem__(self, name: str) -> Choice:
        """Return the choice of this name.

        Raises:
            UserError: there is none.
        """
        if (found := self.get(name)) is None:
            known = self.names()
            if reason := self.refusal(name):
                raise UserError(f"{self.key}={name}: {reason}")
            raise UserError(f"{self.key}={name}{nearest(name, known)}: allowed is {either(known)}")
        return found

    def choices(self) -> list[Choice]:
        """Return all choices, in the order of their names."""
        return [self._choices[name] for name in self.names()]

    def _discover(self) -> None:
        self.import_own()
        import_plugins()

    def import_own(self) -> None:
        """Import the modules of the registry's package, and no plugin."""
        if self._package:
            _import_modules(self._package)


@functools.cache
def _import_modules(package: str) -> None:
    for each in pkgutil.iter_modules(importlib.import_module(package).__path__):
        if not each.ispkg:
            importlib.import_module(f"{package}.{each.name}")


@functools.cache
def plugins() -> EntryPoints:
    """Return what installed packages name; to look through all of them takes a while."""
    return entry_points(group=PLUGINS)


@functools.cache
def import_plugins() -> None:
    """Import the modules that installed packages name in the group ``sweep.plugins``.

    Raises:
        UserError: one of them cannot be imported.
    """
    for each in plugins():
        try:
            each.load()
        except Exception as error:  # whatever somebody else's module raises
            raise UserError(
                f"the plugin {each.name} ({each.value}) cannot be imported: "
                f"{type(error).__name__}: {error}; allowed is a module that can, or to uninstall "
                f"{each.dist.name if each.dist else 'its package'}"
            ) from error
