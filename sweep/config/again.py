"""The overrides with which a recorded run is composed again."""

from collections.abc import Mapping

from sweep.config.choices import CHOSEN
from sweep.config.compose import load
from sweep.config.params import params
from sweep.errors import UserError

ONLY_NAMED = ("preset",)  # what it stands for is recorded field by field


def overrides_of(recorded: Mapping[str, str]) -> list[str] | None:
    """Return what differs from the defaults: ``["model=lenet", "optim.lr=0.3"]``.

    Args:
        recorded: a run's params.

    Returns:
        None where overrides do not tell all: of images that lie in a folder of the user's, of a
        user's own network, or of a choice that this version does not know.
    """
    chosen = {name: recorded[f"{name}.name"] for name in CHOSEN if f"{name}.name" in recorded}
    groups = [f"{name}={choice}" for name, choice in chosen.items()]
    try:
        usual, defaults = params(load()), params(load(*groups))
    except UserError:
        return None
    if set(recorded) - set(defaults):
        return None
    names = {f"{name}.name" for name in chosen}
    others = [
        f"{key}={value.replace(', ', ',')}"
        for key, value in recorded.items()
        if key not in (*names, *ONLY_NAMED) and value != defaults[key]
    ]
    unusual = [f"{key}={name}" for key, name in chosen.items() if usual[f"{key}.name"] != name]
    return [*unusual, *others]
