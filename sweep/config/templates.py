"""What runs have in common, composed once by Hydra, with the values of each run set on a copy.

Hydra takes 70 ms to compose a configuration, most of it to read and merge what is the same in all
runs of a sweep. Which files take part depends on the choices of groups alone; whoever overrides a
value of what they hold gets the same configuration with that value.
"""

import copy
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from hydra._internal.config_loader_impl import ConfigLoaderImpl, get_overrides_dirname
from hydra.core.override_parser.types import Override, ValueType
from omegaconf import AnyNode, Container, DictConfig, ListConfig, OmegaConf

from sweep.config.compose import own_part

PLAIN_KEY = re.compile(r"\w+(\.\w+)*")  # no indices, no packages, nothing escaped
NOT_PLAIN = ("${", "???")  # in a text: what OmegaConf reads as a reference, or as a missing value
Values: TypeAlias = dict[str, Any]


class Template:
    """A configuration that Hydra composed, of which others differ in plain values alone."""

    def __init__(self, composed: DictConfig) -> None:
        """Take the whole configuration, without the plain values of any run."""
        self.composed = composed
        own = own_part(composed)
        self._values: Any = OmegaConf.to_container(own, resolve=False)
        self._missing = OmegaConf.missing_keys(own)
        # A reference may be to a value that a run overrides, and a type may convert it.
        self._is_plain = "${" not in repr(self._values) and _is_untyped(own)

    def values(self, plain: Sequence[Override]) -> Values | None:
        """Return the fields of a run with these values; None if it takes Hydra to tell them.

        Args:
            plain: what :func:`is_plain` is true of, in their order.
        """
        if not self._is_plain or self._missing - {each.key_or_group for each in plain}:
            return None
        found = dict(self._values)
        for each in plain:
            *path, last = each.key_or_group.split(".")
            node = found
            for step in path:
                if not isinstance(node.get(step), dict):
                    return None
                node[step] = node = dict(node[step])
            if not _can_be_set(each, node, last):
                return None
            node[last] = each.value()
        return found

    def whole(self, overrides: Sequence[Override], plain: Sequence[Override]) -> DictConfig:
        """Return Hydra's whole configuration of a run.

        Args:
            overrides: all of the run's.
            plain: those that this configuration is without.

        Raises:
            ConfigCompositionException: a value cannot be set.
        """
        composed = copy.deepcopy(self.composed)
        ConfigLoaderImpl._apply_overrides_to_config(list(plain), composed)
        task, job = [each for each in overrides if not each.is_hydra_override()], composed.hydra.job
        composed.hydra.overrides.task = [each.input_line for each in task]
        style = job.config.override_dirname
        job.override_dirname = get_overrides_dirname(
            overrides=task,
            kv_sep=style.kv_sep,
            item_sep=style.item_sep,
            exclude_keys=style.exclude_keys,
        )
        return composed


def is_plain(override: Override, is_group: Callable[[str], bool]) -> bool:
    """Return whether an override sets one value, which changes nothing else.

    Args:
        override: as it was parsed.
        is_group: returns whether there is a group of this name: a choice is no value.
    """
    key = override.key_or_group
    return (
        override.value_type is ValueType.ELEMENT
        and override.package is None
        and not override.is_delete()
        and not override.is_hydra_override()
        and PLAIN_KEY.fullmatch(key) is not None
        and not is_group(key)
        and _is_plain_value(override.value())
    )


def are_apart(one: Override, other: Override) -> bool:
    """Return whether neither override is of what the other one is in."""
    keys = [f"{each.key_or_group}." for each in (one, other)]
    return not (keys[0].startswith(keys[1]) or keys[1].startswith(keys[0]))


def _is_plain_value(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_is_plain_value, value))
    if isinstance(value, str):
        return not any(each in value for each in NOT_PLAIN)
    return value is None or isinstance(value, bool | int | float)


def _can_be_set(override: Override, node: Values, key: str) -> bool:
    """Return whether Hydra sets this value as it is, without merging or refusing it."""
    if isinstance(there := node.get(key), dict):
        return False
    if override.is_force_add():
        return True
    return there is None if override.is_add() else key in node


def _is_untyped(node: Container) -> bool:
    """Return whether all values are kept as they are set, as those of YAML files are."""
    if OmegaConf.is_readonly(node) or OmegaConf.get_type(node) not in (dict, list):
        return False
    if node._is_none() or node._metadata.element_type is not Any:
        return node._is_none()
    keys = range(len(node)) if isinstance(node, ListConfig) else list(node)
    inner = [node._get_node(key) for key in keys]
    return all(
        _is_untyped(each) if isinstance(each, Container) else isinstance(each, AnyNode)
        for each in inner
    )
