"""``search.pruner=stop_asha``: successive halving that stops runs for good."""

from optuna.pruners import BasePruner, SuccessiveHalvingPruner

from sweep.config.schema import Search
from sweep.search.choices import PRUNERS


@PRUNERS.registers("stop_asha")
def create(search: Search, epochs: int) -> BasePruner:
    """Return what lets one in ``reduction_factor`` go on after each rung."""
    return SuccessiveHalvingPruner(search.min_epochs, search.reduction_factor)
