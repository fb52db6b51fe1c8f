"""Trains sweeps of Apache MXNet Gluon networks and keeps a record that can be compared.

In a notebook: ``from sweep import train, load_leaderboard, load_curves``.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sweep.commands.notebook import train as train
    from sweep.results.curves import load_curves as load_curves
    from sweep.results.leaderboard import load_leaderboard as load_leaderboard

__version__ = "0.2.0"
__all__ = ["load_curves", "load_leaderboard", "train"]

MODULES = {
    "load_curves": "sweep.results.curves",
    "load_leaderboard": "sweep.results.leaderboard",
    "train": "sweep.commands.notebook",
}


def __getattr__(name: str) -> Any:
    """Import a function when it is first asked for: https://peps.python.org/pep-0562/."""
    if name not in MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(MODULES[name]), name)
