"""Trials that pause at their rungs: until when each is trained, and which goes on next.

All is concluded from what the study has stored. A trial pauses after the epoch that an attribute
of it says, or the first rung of its bracket; once it has reported that epoch, it is paused.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from optuna.pruners import BasePruner, NopPruner
from optuna.trial import FrozenTrial, TrialState

from sweep.config.schema import Search
from sweep.search.choices import PRUNERS
from sweep.search.multifidelity import changed
from sweep.search.rungs import Brackets, promotable, ranked

GOAL = "goes_on_to_epoch"  # the attribute of a trial that has gone on
NO_RUNGS = Brackets(rungs=((),), shares=(1,), factor=2)


@dataclass(frozen=True)
class Promotion:
    """A trial that goes on, and the epoch after which it pauses again, or ends."""

    trial: FrozenTrial
    goal: int


class Pauses:
    """When the trials of a search pause, and which goes on; never, where the pruner stops them."""

    def __init__(self, search: Search, epochs: int) -> None:
        """Take the search's settings, and the epochs of a run that is trained to its end."""
        chosen = _chosen(search, epochs)
        self._brackets = chosen if isinstance(chosen, Brackets) else NO_RUNGS
        self._epochs = epochs

    @property
    def any(self) -> bool:
        """Whether runs pause at all."""
        return any(self._brackets.rungs)

    def goal(self, trial: FrozenTrial) -> int:
        """Return the epoch after which a trial pauses, or ends."""
        rungs = self._brackets.rungs[self._brackets.of(trial.number)]
        goal: int = trial.user_attrs.get(GOAL, min([*rungs, self._epochs]))
        return goal

    def is_paused(self, trial: FrozenTrial) -> bool:
        """Return whether a trial has reached its rung, and has neither gone on nor ended."""
        goal = self.goal(trial)
        is_there = goal < self._epochs and goal in trial.intermediate_values
        return is_there and not trial.state.is_finished()

    def promotion(
        self, trials: Sequence[FrozenTrial], maximize: bool, busy: Collection[int]
    ) -> Promotion | None:
        """Return what goes on next: of the highest rung from which one may, the best.

        Args:
            trials: all that there are.
            maximize: whether more is better.
            busy: the numbers of those that are being trained still.
        """
        factor, paused = self._brackets.factor, self._paused(trials, busy)
        rungs = [
            (rung, bracket) for bracket, those in enumerate(self._brackets.rungs) for rung in those
        ]
        for rung, bracket in sorted(rungs, key=lambda each: (-each[0], each[1])):
            those = [each for each in trials if self._brackets.of(each.number) == bracket]
            reached = self._reached(those, rung)
            # Also those that are closed: what is worse than they are does not go on in their place.
            gone = {n for n in reached if n not in paused or self.goal(paused[n]) > rung}
            for number in promotable(reached, gone, factor, maximize):
                return Promotion(paused[number], self._next(bracket, rung))
        return None

    def last_promotion(
        self, trials: Sequence[FrozenTrial], maximize: bool, busy: Collection[int] = ()
    ) -> Promotion | None:
        """Return what is trained to its end when nothing else is left: the best, if none has been.

        Few trials leave fewer than ``factor`` at the highest rung, and so nothing to go on from it.
        The arguments are those of :meth:`promotion`.
        """
        paused = self._paused(trials, busy)
        if busy or any(each.state == TrialState.COMPLETE for each in trials):
            return None
        for rung in sorted({self.goal(each) for each in paused.values()}, reverse=True):
            there = {
                number: each.intermediate_values[rung]
                for number, each in paused.items()
                if self.goal(each) == rung
            }
            for number in ranked(there, maximize):
                return Promotion(paused[number], self._epochs)
        return None

    def _paused(
        self, trials: Sequence[FrozenTrial], busy: Collection[int]
    ) -> dict[int, FrozenTrial]:
        return {
            each.number: each for each in trials if self.is_paused(each) and each.number not in busy
        }

    def _reached(self, trials: Sequence[FrozenTrial], rung: int) -> dict[int, float]:
        """Return what trials had reached at a rung; those that diverged before it, no number."""
        reached = {}
        for each in trials:
            if rung in each.intermediate_values:
                reached[each.number] = each.intermediate_values[rung]
            elif each.state == TrialState.PRUNED and self.goal(each) >= rung:
                reached[each.number] = math.nan
        return reached

    def _next(self, bracket: int, rung: int) -> int:
        later = [each for each in self._brackets.rungs[bracket] if each > rung]
        return min([*later, self._epochs])

    def as_sampled(self, trial: FrozenTrial) -> FrozenTrial:
        """Return a trial as samplers know those that did not get far, if it is paused."""
        return changed(trial, state=TrialState.PRUNED) if self.is_paused(trial) else trial


def stopping(search: Search, epochs: int) -> BasePruner:
    """Return Optuna's pruner; one that stops nothing, where runs pause or there is none."""
    chosen = _chosen(search, epochs)
    return chosen if isinstance(chosen, BasePruner) else NopPruner()


def _chosen(search: Search, epochs: int) -> BasePruner | Brackets | None:
    return PRUNERS[search.pruner](search, epochs) if search.pruner else None
