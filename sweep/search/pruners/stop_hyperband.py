"""``search.pruner=stop_hyperband``: brackets of stop_asha, some of which prune later."""

from optuna.pruners import BasePruner, HyperbandPruner

from sweep.config.schema import Search
from sweep.search.choices import PRUNERS


@PRUNERS.registers("stop_hyperband")
def create(search: Search, epochs: int) -> BasePruner:
    """Return what lets one in ``reduction_factor`` go on after each rung of its bracket."""
    return HyperbandPruner(search.min_epochs, epochs, search.reduction_factor)
