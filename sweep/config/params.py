"""A configuration in words: what describes a run, and in what runs differ."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sweep.config.fields import Role, walk
from sweep.config.schema import Config


def as_text(value: Any) -> str:
    """Return a value as Hydra's overrides write it: ``0.1``, ``[128, 64]``, ``true``, ``null``."""
    return value if isinstance(value, str) else json.dumps(value, default=str)


def params(config: Config) -> dict[str, str]:
    """Return what describes the run, one dotted key a field; not where files and records lie."""
    return {
        info.key: as_text(value) for info, value in walk(config) if info.role is not Role.MACHINE
    }


def flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield ``("optim.lr", 0.1)`` and so on from nested mappings."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def values_of(runs: Iterable[Mapping[str, str]]) -> dict[str, dict[str, None]]:
    """Return the different values of each field, as the keys of a dict, in their order.

    Runs differ in a field that has more than one. A field that only some choices of a group have
    (only LeNets have ``model.kernels``) counts among those that have it.

    Args:
        runs: the params of each.
    """
    values: dict[str, dict[str, None]] = {}
    for run in runs:
        for key, value in run.items():
            values.setdefault(key, {})[value] = None
    return values


def score_metric(config: Config) -> str:
    """Return the metric that is a run's score: the monitored one, if images are held out for it."""
    if config.dataset.validates:
        return config.monitor
    return "test/accuracy" if "accuracy" in config.metrics else "test/loss"
