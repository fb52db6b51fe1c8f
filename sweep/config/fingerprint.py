"""What identifies a run's result, and what it shares with longer and shorter runs."""

import hashlib
import json
from collections.abc import Collection

from sweep.config.fields import Role, walk
from sweep.config.params import as_text
from sweep.config.schema import Config


def fingerprint(config: Config, dataset_digest: str) -> str:
    """Return 16 hex digits that identify the result: equal for runs that must end equal.

    Args:
        config: with ``context`` already resolved to ``cpu`` or ``gpu``.
        dataset_digest: identifies the content of all images and labels.
    """
    return _digest(config, dataset_digest, (Role.TRAJECTORY, Role.IDENTITY))


def trajectory(config: Config, dataset_digest: str) -> str:
    """Return 16 hex digits that runs share that only stop, or are judged, at other epochs.

    Such runs have the same parameters after each epoch that both have. The arguments are those of
    :func:`fingerprint`.
    """
    return _digest(config, dataset_digest, (Role.TRAJECTORY,))


def _digest(config: Config, dataset_digest: str, roles: Collection[Role]) -> str:
    values = {
        info.key: as_text(value)
        for info, value in walk(config)
        if info.role in roles and not (info.before and info.before.value == value)
    }
    values["dataset"] = dataset_digest
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]
