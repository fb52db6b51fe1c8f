"""``search.pruner=asha``: asynchronous successive halving."""

from optuna.pruners import BasePruner, SuccessiveHalvingPruner

from sweep.config.schema import Search
from sweep.search.choices import PRUNERS


@PRUNERS.registers("asha")
def create(search: Search, epochs: int) -> BasePruner:
    """Return what lets one in ``reduction_factor`` go on after each rung."""
    return SuccessiveHalvingPruner(search.min_epochs, search.reduction_factor)
