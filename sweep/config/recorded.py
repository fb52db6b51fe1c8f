"""A run's configuration as its record keeps it: ``config.yaml``."""

import dataclasses
from typing import Any

import yaml
from omegaconf import OmegaConf

from sweep.config.choices import CHOSEN
from sweep.config.compose import load, parse
from sweep.config.fields import Role, declared
from sweep.config.schema import Config


def to_yaml(config: Config) -> str:
    """Return the configuration of the run: not how it is launched, nor where it is recorded."""
    values = dataclasses.asdict(config)
    infos = declared(Config)
    kept = {name: values[name] for name in values if infos[name].role is not Role.MACHINE}
    return yaml.safe_dump(kept, sort_keys=False)


def from_yaml(text: str) -> Config:
    """Return the configuration that :func:`to_yaml` wrote, launched and recorded as by default.

    A field that an older version did not have gets the value that its runs had.

    Raises:
        UserError: it is not one, or it has fields that this version does not know.
    """
    recorded: dict[str, Any] = yaml.safe_load(text)
    values = dataclasses.asdict(load())
    for name, info in declared(Config).items():
        if name in recorded:
            values[name] = recorded[name]
        elif info.before:
            values[name] = info.before.value
    for group, registry in CHOSEN.items():
        schema = registry.get(str(values[group].get("name")))
        missing = {name: info.before for name, info in declared(schema).items()} if schema else {}
        for name, before in missing.items():
            if before and name not in values[group]:
                values[group] = {**values[group], name: before.value}
    return parse(OmegaConf.create(values))
