"""The overrides with which a recorded run is composed again."""

from collections.abc import Mapping

from sweep.config.choices import CHOSEN
from sweep.config.compose import load
from sweep.config.overrides import as_value
from sweep.config.params import params
from sweep.errors import UserError

ONLY_NAMED = ("preset",)  # what it stands for is recorded field by field
OWN_METRICS = "metrics_source"  # what identifies the user's modules that measure


def overrides_of(recorded: Mapping[str, str]) -> list[str] | None:
    """Return what differs from the defaults: ``["model=lenet", "optim.lr=0.3"]``.

    Args:
        recorded: a run's params.

    Returns:
        None where overrides do not tell all: of images that lie in a folder of the user's, of a
        network in a file, of a user's own network, loss or metric, or of a choice that this version
        does not know.
    """
    chosen = {name: recorded[f"{name}.name"] for name in CHOSEN if f"{name}.name" in recorded}
    groups = [f"{name}={choice}" for name, choice in chosen.items()]
    try:
        usual, defaults = params(load()), params(load(*groups))
    except UserError:
        return None
    if set(recorded) - set(defaults):
        return None
    decided = {*ONLY_NAMED, *(f"{name}.name" for name in chosen)}
    others = {
        key: value
        for key, value in recorded.items()
        if key not in decided and value != defaults[key]
    }
    # The files may have changed since, and would be recorded as what they were.
    if any(_is_of_files(key) for key in others):
        return None
    unusual = [f"{key}={name}" for key, name in chosen.items() if usual[f"{key}.name"] != name]
    return [*unusual, *(f"{key}={as_value(value)}" for key, value in others.items())]


def _is_of_files(key: str) -> bool:
    """Return whether a field tells which files of the user's take part, as ``model._source_``."""
    name = key.rpartition(".")[2]
    return key == OWN_METRICS or (name.startswith("_") and name.endswith("_"))
