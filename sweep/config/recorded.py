"""A run's configuration as its record keeps it: ``config.yaml``."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import yaml

from sweep.config.choices import CHOSEN
from sweep.config.compose import NESTED, checked, load
from sweep.config.fields import FieldInfo, Role, declared
from sweep.config.own_metrics import is_own, own_metric
from sweep.config.params import as_text
from sweep.config.schema import Config
from sweep.errors import UserError
from sweep.mappings import mapping_in


def to_yaml(config: Config) -> str:
    """Return the configuration of the run: not how it is launched, nor where it is recorded."""
    values = dataclasses.asdict(config)
    infos = declared(Config)
    kept = {name: values[name] for name in values if infos[name].role is not Role.MACHINE}
    return yaml.safe_dump(kept, sort_keys=False)


def before(chosen: Mapping[str, str]) -> dict[str, str]:
    """Return the params that older versions did not record, at the value that their runs had.

    Only those of what a run has: a linear network has no ``model.dropout``.

    Args:
        chosen: what is recorded to be chosen of each group, as ``{"model": "lenet"}``. There is
            none of a group that was not there yet.
    """
    return {
        info.key: as_text(info.before.value)
        for name, group in declared(Config).items()
        for info in _infos(group, chosen.get(name))
        if info.before and info.role is not Role.MACHINE
    }


def _infos(group: FieldInfo, chosen: str | None) -> list[FieldInfo]:
    """Return the fields below a field, if it is a group: of what is chosen, or was always so."""
    if group.key in NESTED:
        schemas = [NESTED[group.key]]
    elif (registry := CHOSEN.get(group.key)) is None:
        return [group]
    elif chosen is None:
        schemas = [each for each in registry.choices() if declared(each)["name"].before]
    else:
        schemas = [each for each in [registry.get(chosen)] if each]
    return [each.below(group) for schema in schemas for each in declared(schema).values()]


def from_yaml(text: str) -> Config:
    """Return the configuration that :func:`to_yaml` wrote, launched and recorded as by default.

    A field that an older version did not have gets the value that its runs had.

    Raises:
        UserError: it is not one, or it has fields that this version does not know.
    """
    recorded = _fields_in(text)
    if unknown := [str(name) for name in recorded if name not in declared(Config)]:
        raise UserError(
            f"config.yaml: has {', '.join(unknown)}, which this version of gluon-sweep does not "
            "know; install a newer one, which may have recorded it"
        )
    values = dataclasses.asdict(load())
    for name, info in declared(Config).items():
        if name in recorded:
            values[name] = recorded[name]
        elif info.before:
            values[name] = info.before.value
    for group, registry in CHOSEN.items():
        if not isinstance(values[group], dict):
            continue  # of which the check below tells
        schema = registry.get(str(values[group].get("name")))
        missing = {name: info.before for name, info in declared(schema).items()} if schema else {}
        for name, before in missing.items():
            if before and name not in values[group]:
                values[group] = {**values[group], name: before.value}
    # Not as Hydra composes it: what is recorded is the value, and a ${ in it refers to nothing.
    return checked(values, {})


def _fields_in(text: str) -> dict[str, Any]:
    """Return what is in a recorded configuration.

    Raises:
        UserError: it is none.
    """
    try:
        return mapping_in(text)
    except ValueError as error:
        raise UserError(
            f"config.yaml: is no configuration ({error}); allowed is what a run has recorded, a "
            "line for each field, as in `epochs: 10`"
        ) from error


def targets_of(config: Config) -> list[str]:
    """Return what is named by a ``_target_``, or measures: a user's own code, or installed."""
    found = [getattr(getattr(config, group), "_target_", None) for group in CHOSEN]
    found += [own_metric(each).target for each in config.metrics if is_own(each)]
    return [str(each) for each in found if each]
