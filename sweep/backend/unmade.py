"""Objects of MXNet's that an interrupt kept from being made: they are dropped without a word.

Ctrl-C may come when Python has made such an object, and MXNet's handle is not in it yet. MXNet
frees the handle when the object is dropped, does not find it, and Python prints that with a
traceback.
"""

from collections.abc import Callable
from typing import Any


def drop_quietly(*kinds: type) -> None:
    """Let these classes free the handles of those of their objects that have one."""
    for kind in kinds:
        kind.__del__ = _freeing(kind.__del__)  # type: ignore[attr-defined]


def _freeing(free: Callable[[Any], None]) -> Callable[[Any], None]:
    def free_if_made(made: Any) -> None:
        if hasattr(made, "handle"):
            free(made)

    return free_if_made
