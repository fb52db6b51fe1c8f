"""Values that are searched with some choices of a searched group alone.

``model=mlp,lenet model.channels=[6,16],[20,50]``: an MLP has no channels.
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from functools import cache

from omegaconf import DictConfig, OmegaConf
from optuna import Study, Trial
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from sweep.search.dimensions import Condition, Dimension
from sweep.search.space import Space

PRESETS = "experiment"  # the group that chooses others
TARGET = "_target_"  # what a user names by it takes fields of any name

Compose = Callable[[tuple[str, ...]], DictConfig]


def with_conditions(space: Space, groups: Collection[str], compose: Compose) -> Space:
    """Return the space, with each value searched with the choices alone that have its field.

    A field that none has is left as it is: composing a run says what is wrong.

    Args:
        space: what is searched, as it was given.
        groups: that have choices.
        compose: returns what Hydra composes of a run's overrides.
    """
    chosen = {each.name: each for each in space.dimensions if each.name in groups}
    composed, dimensions = cache(compose), []
    for each in space.dimensions:
        group, _, field = each.name.partition(".")
        by = chosen.get(group) or chosen.get(PRESETS)
        if field and by and each.name not in groups:
            own = [
                choice
                for choice in by.values or ()
                if _has_field(composed((*space.fixed, f"{by.key}={choice}")), each)
            ]
            if own and len(own) < len(by.values or ()):
                each = replace(each, condition=Condition(by.name, tuple(own)))
        dimensions.append(each)
    return replace(space, dimensions=tuple(dimensions))


def _has_field(composed: DictConfig, dimension: Dimension) -> bool:
    group, _, field = dimension.name.partition(".")
    node = OmegaConf.select(composed, group)
    is_added = dimension.key.startswith("+")
    wanted = TARGET if is_added else field.partition(".")[0]
    return isinstance(node, DictConfig) and wanted in node


def suggest(study: Study, space: Space) -> Trial:
    """Ask a study for a trial with all values that a run has; choices come first."""
    always = {each.name: each.distribution for each in space.dimensions if not each.condition}
    trial = study.ask(always)
    for each in space.dimensions:
        if each.condition and each.is_searched_with(trial.params):
            _suggest(trial, each)
    return trial


def _suggest(trial: Trial, dimension: Dimension) -> None:
    found, name = dimension.distribution, dimension.name
    match found:
        case CategoricalDistribution():
            trial.suggest_categorical(name, found.choices)
        case FloatDistribution():
            trial.suggest_float(name, found.low, found.high, step=found.step, log=found.log)
        case IntDistribution():
            trial.suggest_int(name, found.low, found.high, step=found.step, log=found.log)
