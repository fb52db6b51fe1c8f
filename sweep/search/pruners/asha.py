"""``search.pruner=asha``: asynchronous successive halving, whose runs pause and go on."""

from sweep.config.schema import Search
from sweep.search.choices import PRUNERS
from sweep.search.rungs import Brackets, rungs_from


@PRUNERS.registers("asha")
def create(search: Search, epochs: int) -> Brackets:
    """Return the rungs from which the best one in ``reduction_factor`` goes on."""
    rungs = rungs_from(search.min_epochs, search.reduction_factor, epochs)
    return Brackets((rungs,), (1,), search.reduction_factor)
