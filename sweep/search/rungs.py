"""Successive halving: the epochs at which runs pause, and which of them go on.

L. Li et al., A System for Massively Parallel Hyperparameter Tuning, MLSys 2020, algorithm 2
(https://arxiv.org/abs/1810.05934).
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Brackets:
    """The rungs of a search, in one or several brackets whose runs are compared with each other.

    Attributes:
        rungs: of each bracket, the epochs after which its runs pause, the first of them first; the
            end of a run is none of them.
        shares: how many trials in a row each bracket gets.
        factor: one run in so many goes on from each rung.
    """

    rungs: tuple[tuple[int, ...], ...]
    shares: tuple[int, ...]
    factor: int

    def of(self, number: int) -> int:
        """Return which bracket the trial of this number is in."""
        place = number % sum(self.shares)
        return next(
            bracket
            for bracket in range(len(self.shares))
            if place < sum(self.shares[: bracket + 1])
        )


def rungs_from(first: int, factor: int, epochs: int) -> tuple[int, ...]:
    """Return the epochs after which runs pause, each ``factor`` times the one before."""
    rungs = []
    while first < epochs:
        rungs.append(first)
        first *= factor
    return tuple(rungs)


def promotable(
    reached: Mapping[int, float], promoted: Collection[int], factor: int, maximize: bool
) -> list[int]:
    """Return which trials of a rung go on, the best first.

    Args:
        reached: what each trial had reached at this rung, by its number. What is not a number is
            the worst, and never goes on.
        promoted: the trials that have gone on from there before.
        factor: one in so many goes on.
        maximize: whether more is better.

    Returns:
        Those in the top ``1 / factor``, rounded down, that have not gone on. Of equal ones, that
        which was suggested first is the better.
    """
    best = ranked(reached, maximize)[: len(reached) // factor]
    return [number for number in best if number not in promoted]


def ranked(reached: Mapping[int, float], maximize: bool) -> Sequence[int]:
    """Return the trials, the best first, but those that reached what is not a number."""
    sign = -1.0 if maximize else 1.0
    known = [number for number, value in reached.items() if not math.isnan(value)]
    return sorted(known, key=lambda number: (sign * reached[number], number))
