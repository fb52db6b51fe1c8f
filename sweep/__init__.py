"""Trains sweeps of Apache MXNet Gluon networks and keeps a record that can be compared.

In a notebook: ``from sweep import load_leaderboard, load_curves``.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sweep.results.curves import load_curves as load_curves
    from sweep.results.leaderboard import load_leaderboard as load_leaderboard

__version__ = "0.1.0"

_MODULES = {"load_curves": "sweep.results.curves", "load_leaderboard": "sweep.results.leaderboard"}


def __getattr__(name: str) -> Any:
    """Import a function when it is first asked for: what it needs takes a second to import."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return getattr(import_module(_MODULES[name]), name)
