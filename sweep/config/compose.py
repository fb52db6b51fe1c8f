"""A run's configuration: composed by Hydra, checked against the schema."""

import functools
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

import pydantic
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.version import VersionBase
from omegaconf import DictConfig, OmegaConf

from sweep.config.checks import check
from sweep.config.choices import CHOSEN
from sweep.config.explain import explain_composition, is_composition_error, no_field
from sweep.config.fields import FieldInfo, declared
from sweep.config.metrics import METRICS
from sweep.config.params import as_text
from sweep.config.registry import plugins
from sweep.config.schema import Augment, Config, EarlyStopping, Notify, Search, Seeds, Tracking
from sweep.errors import UserError, either, nearest
from sweep.files import as_meant

PACKAGED_CONF = Path(__file__).parents[1] / "conf"
CONF = PACKAGED_CONF if PACKAGED_CONF.is_dir() else Path(__file__).parents[2] / "conf"

NESTED = {
    "augment": Augment,
    "early_stopping": EarlyStopping,
    "seeds": Seeds,
    "search": Search,
    "tracking": Tracking,
    "notify": Notify,
}
GROUPS = (*CHOSEN, "experiment")
GROUP_KEYS = (*GROUPS, *NESTED)
Sections: TypeAlias = dict[tuple[str, str], Any]  # checked, by name and by what was given
OWN = "custom"  # the name of whatever is given by its ``_target_``


def load(*overrides: str) -> Config:
    """Compose and check one run's configuration: ``load("model=lenet", "optim.lr=0.2")``.

    Whatever application of Hydra calls it, its own state stays as it is.

    Raises:
        UserError: naming the field, the value and what is allowed.
    """
    outer, base = GlobalHydra.instance().hydra, VersionBase.instance()
    version_base = base.version_base
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            return parse(compose("config", list(overrides)))
    except Exception as error:
        if not is_composition_error(error):
            raise
        raise UserError(explain_composition(error, overrides, fields(), GROUP_KEYS)) from error
    finally:
        GlobalHydra.instance().hydra, base.version_base = outer, version_base


def own_part(composed: DictConfig) -> DictConfig:
    """Return what Hydra composed for a job without its own ``hydra`` node."""
    return OmegaConf.masked_copy(composed, [str(key) for key in composed if key != "hydra"])


def parse(composed: DictConfig) -> Config:
    """Check what Hydra composed (without its own ``hydra`` node) against the schema.

    Raises:
        UserError: naming each wrong field, its value and what is allowed.
    """
    if missing := sorted(map(str, OmegaConf.missing_keys(composed))):
        raise UserError("\n".join(_missing(key) for key in missing))
    values: Any = OmegaConf.to_container(composed, resolve=True)
    return checked(values, {})


def checked(values: Mapping[str, Any], sections: Sections) -> Config:
    """Check the values of all fields against the schema.

    Args:
        values: by name, those of a section in a dict.
        sections: that are right, of configurations that were checked before: each is checked once,
            and shared by all that have it. More are added.

    Raises:
        UserError: naming each wrong field, its value and what is allowed.
    """
    found, wrong = dict(values), []
    folder = found.get("checkpoint_dir")
    if isinstance(folder, str) and folder.startswith("~"):
        found["checkpoint_dir"] = str(as_meant(folder))  # here: other machines have other homes
    for group in CHOSEN:
        given = _named(values.get(group))
        key = group, repr(given)
        try:
            if key not in sections:
                schema = _chosen(group, given.get("name") if isinstance(given, dict) else None)
                sections[key] = _adapter(schema).validate_python(given)
            found[group] = sections[key]
        except pydantic.ValidationError as error:
            wrong += [_describe(dict(each), group, given["name"]) for each in error.errors()]
            found.pop(group, None)
    for name in NESTED.keys() & values.keys():
        key = name, repr(values[name])
        with suppress(pydantic.ValidationError):  # which is told below, with the name before it
            if key not in sections:
                sections[key] = _adapter(NESTED[name]).validate_python(values[name])
            found[name] = sections[key]
    try:
        config: Config = _adapter(Config).validate_python(found)
    except pydantic.ValidationError as error:
        others = [dict(each) for each in error.errors() if each["loc"][0] not in CHOSEN]
        wrong += [_describe(each) for each in others]
    if wrong:
        raise UserError("\n".join(wrong))
    check(config)
    return config


def _missing(key: str) -> str:
    return f"{key} is missing: allowed is a value, as in {key}=VALUE"


def _named(given: Any) -> Any:
    """Return the values of a group; those with a target of their own need give no name."""
    has_target = isinstance(given, dict) and "_target_" in given
    return {"name": OWN, **given} if has_target else given


def _chosen(group: str, name: Any) -> type:
    """Return the class of this name.

    Raises:
        UserError: there is none.
    """
    registry = CHOSEN[group]
    found: type | None = registry.get(name) if isinstance(name, str) else None
    if found is None:
        given = f"{group}.name is missing" if name is None else f"{group}.name={as_text(name)}"
        names = registry.names()
        if reason := registry.refusal(str(name)):
            raise UserError(f"{given}: {reason}")
        raise UserError(
            f"{given}{nearest(str(name), names)}: allowed is {either(names)}, "
            f"as in {group}={names[0]}"
        )
    return found


@functools.cache
def _adapter(schema: type) -> "pydantic.TypeAdapter[Any]":
    return pydantic.TypeAdapter(schema)


def _describe(error: dict[str, Any], group: str = "", name: str = "") -> str:
    """Turn one of pydantic's errors into ``optim.lr=-1: allowed is a finite number above 0``.

    Args:
        error: pydantic's.
        group: that the field is in.
        name: of what is chosen of this group.
    """
    steps = [str(step) for step in error["loc"]]
    key = ".".join([group, *steps] if group else steps)
    if error["type"] == "literal_error":
        expected = error["ctx"]["expected"].replace("'", "")
        return f"{key}={as_text(error['input'])}: allowed is {expected}"
    if error["type"] == "unexpected_keyword_argument":
        chosen = [f"{group}={name}"] if group and name else []
        return no_field(key, chosen, [*fields(), *GROUP_KEYS])
    if error["type"] == "missing":
        return f"{key} is missing"
    if key in NESTED and error["type"] == "dataclass_type":
        given = f"{key}={as_text(error['input'])}"
        return f"{given}: has fields; allowed is a value of one, as in {first_field(key)}=VALUE"
    return f"{key}={as_text(error['input'])}: {error['msg']}"


@functools.cache
def field_infos() -> dict[str, FieldInfo]:
    """Return every field that a configuration can have, by its dotted key, in the schema's order.

    A group, as ``tracking``, is there too, before its own fields. Of a field that several choices
    have, the one that decides most counts.
    """
    found: dict[str, FieldInfo] = {}
    for each in _infos():
        known = found.setdefault(each.key, each)
        if each.role.value < known.role.value:
            found[each.key] = each
    return found


def _infos() -> Iterator[FieldInfo]:
    for name, info in declared(Config).items():
        yield info
        registry = CHOSEN.get(name)
        kinds = registry.choices() if registry else [NESTED[name]] if name in NESTED else []
        for kind in kinds:
            for inner in declared(kind).values():
                yield inner.below(info)


def prepare_schema() -> None:
    """Import what can be chosen, and make what checks it, for processes that are forked from this.

    Plugins are left to these: what they do when they are imported may not survive a fork.
    """
    for registry in (*CHOSEN.values(), METRICS):
        registry.import_own()
    for each in (Config, *NESTED.values()):
        _adapter(each)
    if not plugins():
        field_infos()


def fields() -> list[str]:
    """Return every field's name, dotted, in the schema's order: ``optim.lr``, ``epochs``."""
    groups = {*CHOSEN, *NESTED}
    return [key for key in field_infos() if key not in groups]


def first_field(section: str) -> str:
    """Return a field, dotted, to show how those of a section are set: ``tracking.uri``."""
    return next(each for each in fields() if each.startswith(f"{section}."))
