"""``search.pruner=hyperband``: brackets of successive halving, some of which pause later."""

from sweep.config.schema import Search
from sweep.search.choices import PRUNERS
from sweep.search.rungs import Brackets, several_brackets


@PRUNERS.registers("hyperband")
def create(search: Search, epochs: int) -> Brackets:
    """Return the rungs of each bracket, from which one in ``reduction_factor`` goes on."""
    return several_brackets(search, epochs)
