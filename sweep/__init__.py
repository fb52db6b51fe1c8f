"""Trains sweeps of Apache MXNet Gluon networks and keeps a record that can be compared.

In a notebook: ``from sweep import leaderboard, curves``.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sweep.results.curves import curves as curves
    from sweep.results.leaderboard import leaderboard as leaderboard

__version__ = "0.1.0"


class _Function:
    """A package's function that is in the submodule of the same name.

    The submodule is imported when the function is first asked for. Python then sets it as an
    attribute of the package; the function stays there instead. So ``from sweep import leaderboard``
    gives the function, whatever was imported before.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, package: ModuleType, owner: type) -> Any:
        return getattr(import_module(f"{package.__name__}.results.{self.name}"), self.name)

    def __set__(self, package: ModuleType, value: object) -> None:
        if not isinstance(value, ModuleType):
            raise AttributeError(f"{package.__name__}.{self.name} cannot be set")


class _Package(ModuleType):
    """This package: https://docs.python.org/3/reference/datamodel.html#module.__class__."""

    curves = _Function()
    leaderboard = _Function()


sys.modules[__name__].__class__ = _Package
