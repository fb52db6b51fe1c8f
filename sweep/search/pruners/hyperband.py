"""``search.pruner=hyperband``: brackets of successive halving, some of which pause later.

L. Li et al., Hyperband, JMLR 2018.
"""

import math

from sweep.config.schema import Search
from sweep.search.choices import PRUNERS
from sweep.search.rungs import Brackets, rungs_from


@PRUNERS.registers("hyperband")
def create(search: Search, epochs: int) -> Brackets:
    """Return the rungs of each bracket, from which one in ``reduction_factor`` goes on.

    Each bracket begins a rung later than the one before. The last has no rungs, its runs are
    trained to their end. The trials are shared out so that each bracket costs about the same.
    """
    factor = search.reduction_factor
    rungs = rungs_from(search.min_epochs, factor, epochs)
    last = len(rungs)
    shares = [
        math.ceil((last + 1) * factor ** (last - bracket) / (last - bracket + 1))
        for bracket in range(last + 1)
    ]
    return Brackets(tuple(rungs[bracket:] for bracket in range(last + 1)), tuple(shares), factor)
