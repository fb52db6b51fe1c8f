"""``search.pruner=asha``: asynchronous successive halving, whose runs pause and go on."""

from sweep.config.schema import Search
from sweep.search.choices import PRUNERS
from sweep.search.rungs import Brackets, one_bracket


@PRUNERS.registers("asha")
def create(search: Search, epochs: int) -> Brackets:
    """Return the rungs from which the best one in ``reduction_factor`` goes on."""
    return one_bracket(search, epochs)
