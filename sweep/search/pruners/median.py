"""``search.pruner=median``: a run ends when it is below the median of those before it."""

from optuna.pruners import BasePruner, MedianPruner

from sweep.config.schema import Search
from sweep.search.choices import PRUNERS


@PRUNERS.registers("median")
def create(search: Search, epochs: int) -> BasePruner:
    """Return what prunes after ``min_epochs``, once ``startup_trials`` were trained."""
    return MedianPruner(search.startup_trials, search.min_epochs)
