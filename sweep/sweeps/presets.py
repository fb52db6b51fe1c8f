"""Presets that choose another Hydra launcher or sweeper.

This module checks that they agree, and starts the chosen sweeper. With ``experiment=a``, Hydra does
so itself. With ``experiment=a,b`` it has made its sweeper before it looks into the presets.
"""

import copy
from collections.abc import Callable, Sequence
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn
from hydra.plugins.sweeper import Sweeper
from hydra.types import TaskFunction
from omegaconf import DictConfig, OmegaConf, flag_override

from sweep.config.overrides import describing
from sweep.config.params import as_text
from sweep.errors import UserError
from sweep.execution.job import Job

PARTS = ("launcher", "sweeper")


def says_the_same(composed: DictConfig, other: DictConfig) -> bool:
    """Return whether Hydra works in the same way in both of these, each composed by it."""
    return all(_part(composed, name) == _part(other, name) for name in PARTS)


def chosen_sweeper(
    sweeper: BasicSweeper, task: TaskFunction, jobs: Sequence[Job]
) -> Callable[[], Sequence[JobReturn]] | None:
    """Return what sweeps as the presets of these runs say; None if they say the same as Hydra did.

    Args:
        sweeper: that Hydra made.
        task: trains a run.
        jobs: what it is to train, composed: at least one.

    Raises:
        UserError: the presets do not agree.
    """
    assert sweeper.config is not None and sweeper.hydra_context
    first, *others = jobs
    for each in others:
        if not says_the_same(first.composed, each.composed):
            raise UserError(_difference(first, each))
    if says_the_same(sweeper.config, first.composed):
        return None
    config = copy.deepcopy(sweeper.config)
    with flag_override(config, ["struct", "readonly"], False):
        for name in PARTS:
            config.hydra[name] = copy.deepcopy(_node(first.composed, name))
            choices, key = first.composed.hydra.runtime.choices, f"hydra/{name}"
            config.hydra.runtime.choices[key] = choices[key]
    chosen: Sweeper = Plugins.instance().instantiate_sweeper(
        hydra_context=sweeper.hydra_context, task_function=task, config=config
    )
    return lambda: chosen.sweep(list(config.hydra.overrides.task))


def _node(composed: DictConfig, name: str) -> DictConfig:
    node: DictConfig = composed.hydra[name]
    return node


def _part(composed: DictConfig, name: str) -> Any:
    return OmegaConf.to_container(_node(composed, name), resolve=False)


def _difference(one: Job, other: Job) -> str:
    """Say in what two runs differ that must be the same for all."""
    runs = [" ".join(describing(each.overrides)) for each in (one, other)]
    chosen = [each.composed.hydra.runtime.choices for each in (one, other)]
    what, values = _differing_choice(*chosen) or _differing_field(one.composed, other.composed)
    value = "NAME" if "/" in what else "VALUE"
    return (
        f"{what}: {runs[0]} has {values[0]}, and {runs[1]} has {values[1]}; it is one for all runs "
        f"of a sweep; allowed: a sweep for each of them, or {what}={value} in the command"
    )


def _differing_choice(one: DictConfig, other: DictConfig) -> tuple[str, list[str]] | None:
    keys = [f"hydra/{part}" for part in PARTS]
    found = [(key, [str(one[key]), str(other[key])]) for key in keys if one[key] != other[key]]
    return next(iter(found), None)


def _differing_field(one: DictConfig, other: DictConfig) -> tuple[str, list[str]]:
    return next(
        (f"hydra.{part}.{field}", [as_text(each.get(field)) for each in both])
        for part in PARTS
        for both in [[_part(one, part), _part(other, part)]]
        for field in {**both[0], **both[1]}
        if both[0].get(field) != both[1].get(field)
    )
