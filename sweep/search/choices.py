"""What suggests values, and what stops runs: each sampler and each pruner registers itself here.

Adding one takes one module of ``sweep/search/samplers/`` or ``sweep/search/pruners/``.
"""

from collections.abc import Callable
from dataclasses import dataclass

from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler

from sweep.config.registry import Registry
from sweep.config.schema import Search
from sweep.search.rungs import Brackets
from sweep.search.space import Space


@dataclass(frozen=True)
class Sampler:
    """What suggests values.

    Attributes:
        create: returns Optuna's sampler, for the search's settings, what is searched, and a seed.
            It is made anew for each trial.
        package: the module that it needs besides Optuna, if any.
        extra: that brings this module, as ``pip`` knows it.
        several_objectives: whether it can have more than one objective.
        tries_all: whether it tries each combination once, and so needs a finite space.
        compares_pruned: whether it may be told that pruned trials have values, which these had
            after the same epoch.
        learns_from_all: whether trials that it has not suggested itself teach it anything.
        begins_in_the_middle: whether a search that knows nothing first tries the middle of what is
            searched, as Syne Tune's do, before this suggests anything.
    """

    create: Callable[[Search, Space, int], BaseSampler]
    package: str | None = None
    extra: str = "optuna"
    several_objectives: bool = True
    tries_all: bool = False
    compares_pruned: bool = True
    learns_from_all: bool = True
    begins_in_the_middle: bool = False


# Returns, for the search's settings and the epochs of its runs, Optuna's pruner, which stops runs;
# or the rungs at which they pause, and from which the best go on.
Pruner = Callable[[Search, int], BasePruner | Brackets]

SAMPLERS: Registry[Sampler] = Registry("search.sampler", "sweep.search.samplers")
PRUNERS: Registry[Pruner] = Registry("search.pruner", "sweep.search.pruners")
